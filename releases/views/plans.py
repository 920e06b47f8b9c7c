"""The plan of a release in sentences: the frozen one, or what it would be today.

In: a release. Out: sentences, or why there is none. Called by the release page and the room.
"""

from __future__ import annotations

from deployments.plan import sentences
from events.errors import PortalError
from releases.models import Release
from releases.queries.plans import plan_of


def plan_words(release: Release) -> tuple[list[str], str]:
    """(sentences, why there are none)."""
    try:
        return sentences(plan_of(release)), ""
    except (PortalError, ValueError) as error:
        return [], str(error)
