"""The platform file's part of this app: `components`, `checklist`, `validations`, `facts`, `freezes`.

Names are identities. What left the file is retired, not deleted, so that history keeps its names;
releases under way keep the lists and manifests that they were made with. `hmhp_portal.platform_file`
calls check, plan and apply, in this order.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.actors import Actor
from releases.platform_file.changes import changes
from releases.platform_file.checks import check
from releases.platform_file.schema import SECTIONS

__all__ = ["SECTIONS", "apply", "check", "plan"]


def plan(document: dict[str, Any]) -> list[str]:
    """What loading would change here, as sentences."""
    return [change.sentence for change in changes(document)]


@transaction.atomic
def apply(document: dict[str, Any], *, actor: Actor) -> None:
    """Bring the tables to the document. The caller records the event with the sentences of the plan."""
    for change in list(changes(document, actor.id)):
        change.carry_out()
