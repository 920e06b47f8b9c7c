"""Add and remove freezes by hand; those of the platform file come and go with it.

Called by the freezes page. Each freeze has its own stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from approvals import policy
from approvals.policy import Action
from deployments import queries as deployments
from deployments.models import Environment
from events import clock
from events.errors import Conflict, Invalid, NotFound
from events.services import record
from releases import texts
from releases.freezing import Span, read_span
from releases.models import Freeze
from releases.services.create import first
from releases.services.keeping import moment
from releases.states import Kind
from releases.texts import Faults, fault


@transaction.atomic
def add(
    *,
    actor: Actor,
    name: str,
    reason: str,
    starts_at: datetime | str | None = None,
    ends_at: datetime | str | None = None,
    weekly: Mapping[str, str] | None = None,
    zone: str = "Etc/UTC",
    environments: Sequence[str] | None = None,
    passes: Sequence[str] = (),
) -> Freeze:
    """Stop production (or `environments`) from `starts_at` to `ends_at`, or every week.

    `weekly` is {"from": "fri 16:00", "to": "mon 06:00"} in `zone`. Raises NotAllowed, Invalid.
    """
    policy.require(actor, Action.MANAGE_FREEZES)
    faults: Faults = {}
    given = {"starts_at": starts_at, "ends_at": ends_at, "weekly": weekly, "zone": zone}
    span = read_span(given, "", faults, ("starts_at", "ends_at"))
    where = list(dict.fromkeys([deployments.production().name] if environments is None else environments))
    _read_scope(where, passes, faults)
    freeze = Freeze(
        name=texts.line(name, "name", faults, limit=120, required=True),
        reason=texts.remark(reason, faults, field="reason", required=True),
        environments=where,
        passes=list(dict.fromkeys(passes)),
        by=actor.id,
        added_at=clock.now(),
    )
    if span.ends_at is not None and span.ends_at <= clock.now():
        fault(faults, "ends_at", "This freeze is over already.")
    if faults:
        raise Invalid(first(faults), fields=faults)
    span.put(freeze)
    freeze.save(force_insert=True)
    record(f"freeze/{freeze.pk}", "freeze.added", actor.id, after=told(freeze), reason=freeze.reason)
    return freeze


def _read_scope(environments: Sequence[str], passes: Sequence[str], faults: Faults) -> None:
    known = list(Environment.objects.filter(retired_at=None).values_list("name", flat=True))
    if not environments or any(name not in known for name in environments):
        fault(faults, "environments", f"Name at least one of {', '.join(known)}.")
    if any(kind not in Kind.values for kind in passes):
        fault(faults, "passes", f"Kinds that pass are among {', '.join(Kind.values)}.")


@transaction.atomic
def remove(freeze_id: int, *, actor: Actor, reason: str = "") -> Freeze:
    """Lift a freeze that somebody added. Raises NotAllowed, NotFound, Conflict for one of the file."""
    policy.require(actor, Action.MANAGE_FREEZES)
    freeze = Freeze.objects.select_for_update().filter(pk=freeze_id, removed_at=None).first()
    if freeze is None:
        raise NotFound("There is no such freeze, or it was removed already.")
    if freeze.source != "person":
        raise Conflict(
            f"The freeze “{freeze.name}” stands in the platform file; take it out there and load the file."
        )
    freeze.removed_at, freeze.removed_by = clock.now(), actor.id
    freeze.save(update_fields=("removed_at", "removed_by"))
    record(f"freeze/{freeze.pk}", "freeze.removed", actor.id, before=told(freeze), after={}, reason=reason)
    return freeze


def told(freeze: Freeze) -> dict[str, Any]:
    """A freeze as an event keeps it."""
    return {
        "name": freeze.name,
        "starts": moment(freeze.starts_at),
        "ends": moment(freeze.ends_at),
        "weekly": [freeze.from_day, str(freeze.from_time), freeze.to_day, str(freeze.to_time)]
        if freeze.weekly
        else None,
        "zone": freeze.zone,
        "environments": freeze.environments,
        "passes": freeze.passes,
    }


__all__ = ("Span", "add", "remove", "told")
