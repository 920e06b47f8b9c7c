"""Celery's door to this app: one sweep that leads a changed policy on, and reminds of it and of stops."""

from __future__ import annotations

from celery import shared_task

from approvals.services.proposals import settle_proposal
from approvals.services.reminding import remind_of_stops_and_rules


@shared_task(name="approvals.tasks.sweep")
def sweep() -> None:
    """Judge the signers of a changed policy again; adopt, refuse or expire it; remind who has not signed."""
    settle_proposal()
    remind_of_stops_and_rules()
