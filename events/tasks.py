"""Celery's door to the record: checkpoints each minute, the nightly check, months made ahead."""

from __future__ import annotations

from celery import shared_task

from events import checkpoints, clock, delivery, partitions
from events.verification.whole import verify_and_note


@shared_task(name="events.tasks.checkpoint")
def checkpoint() -> None:
    """Seal what moved, if anything did."""
    try:
        checkpoints.make()
    finally:
        delivery.to_folder()


@shared_task(name="events.tasks.verify")
def verify() -> None:
    """Check the whole record and keep the outcome for the page."""
    verify_and_note()


@shared_task(name="events.tasks.make_months")
def make_months() -> None:
    """Have the partitions of the coming months."""
    partitions.make_ahead(clock.now())
