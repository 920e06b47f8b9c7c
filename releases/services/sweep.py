"""Lead every release on that time, a run or a lost role can move. Called every two seconds by its task.

A wake is a hint, this is the guarantee. One bad release never stops the rest.
"""

from __future__ import annotations

import logging

from approvals.services.reviews import remind
from releases.models import Release
from releases.services import previewing
from releases.services.advance import advance
from releases.states import MOVING

log = logging.getLogger(__name__)


def sweep() -> int:
    """Advance them all, oldest first; returns how many were looked at."""
    due = list(Release.objects.filter(state__in=MOVING).order_by("id").values_list("pk", flat=True))
    for release_id in due:
        try:
            advance(release_id)
        except Exception:
            log.exception("release %s could not be led on; the next sweep tries again", release_id)
    previewing.wake_where_missing()
    remind()
    return len(due)
