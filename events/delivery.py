"""The newest head leaves the machine: to the folder that the settings name, after every checkpoint.

By e-mail it goes through the outbox, which `notifications` fills by itself. What came of it stands in
`HeadSent`, and the page shows it. Called by the task, outside any transaction.
"""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings

from events import checkpoints, clock, heads
from events.models import HeadSent
from platforms.heads import put

log = logging.getLogger(__name__)


def to_folder() -> bool:
    """Put the newest head there if it is not yet; False when there is no folder or it failed."""
    folder: Path | None = settings.PORTAL_AUDIT_HEAD_FOLDER
    newest = checkpoints.newest()
    if folder is None or newest is None:
        return False
    channel = f"folder {folder}"[:200]
    sent, _ = HeadSent.objects.get_or_create(channel=channel)
    if sent.number >= newest.number and not sent.error:
        return True
    name = f"{newest.at:%Y/%m/%d}/head-{newest.number:010d}.json"
    try:
        put(folder, name, heads.written(newest))
    except OSError as error:
        log.warning("the head of the audit trail could not be put into its folder: %s", error.strerror)
        HeadSent.objects.filter(pk=channel).update(error=f"{error.strerror or error}"[:400])
        return False
    note(channel, newest.number)
    return True


def note(channel: str, number: int) -> None:
    """The head of checkpoint `number` has gone that way."""
    HeadSent.objects.update_or_create(
        channel=channel, defaults={"number": number, "at": clock.now(), "error": ""}
    )
