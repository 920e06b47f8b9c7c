"""The demo's believable past and present, made by the real services under a moved clock.

A seed that was killed half-way is not gone on with but made again: see `half_made`.
"""

from __future__ import annotations

DONE = "demo.seeded"


def done() -> bool:
    """Has this installation its past and present?"""
    from events.models import Event

    return Event.objects.filter(stream="platform", kind=DONE).exists()


def half_made() -> bool:
    """Did a seed die half-way, so that the database must be emptied before the next?"""
    from releases.models import Release

    return not done() and Release.objects.exists()


def note_done() -> None:
    """Record that the seed has come to its end."""
    from django.db import transaction

    from events.services import record

    with transaction.atomic():
        record("platform", DONE, "system:demo")
