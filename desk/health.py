"""Whether the chain of the record holds: the last check, the last checkpoint, and where its head went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from events import clock
from events.checkpoints import newest
from events.models import ChainCheck, Checkpoint, HeadSent

CHECK_EVERY = timedelta(hours=26)
"""The nightly check, and two hours of patience."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the page shows at its top. `tone` is ok, watch or bad."""

    tone: str
    sentence: str
    check: ChainCheck | None
    checkpoint: Checkpoint | None
    sent: list[HeadSent]
    leaves: bool


def health() -> Health:
    """Three queries."""
    check, checkpoint = ChainCheck.objects.order_by("-id").first(), newest()
    sent = list(HeadSent.objects.order_by("channel"))
    leaves = bool(settings.PORTAL_AUDIT_HEAD_FOLDER or settings.PORTAL_AUDIT_HEAD_MAIL)
    tone, sentence = _judged(check, sent, leaves)
    return Health(tone, sentence, check, checkpoint, sent, leaves)


def _judged(check: ChainCheck | None, sent: list[HeadSent], leaves: bool) -> tuple[str, str]:
    if check is not None and check.problem:
        return "bad", f"The record does not stand as it was written: {check.problem}"
    if failing := next((channel for channel in sent if channel.error), None):
        return "bad", f"The head does not leave the machine: {failing.channel}: {failing.error}"
    if check is None:
        return "watch", "The record has not been checked yet; the check runs each night."
    if clock.now() - check.at > CHECK_EVERY:
        return "watch", "The nightly check has not run; nobody knows since then whether the record stands."
    if not leaves:
        return (
            "watch",
            "The record stands as it was written. Its head leaves this machine nowhere yet.",
        )
    return "ok", "The record stands as it was written."
