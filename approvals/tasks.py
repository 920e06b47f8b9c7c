"""Celery's door to this app: one sweep that leads a changed approval policy on."""

from __future__ import annotations

from celery import shared_task

from approvals.services.proposals import settle_proposal


@shared_task(name="approvals.tasks.sweep")
def sweep() -> None:
    """Judge the signers of a changed policy again; adopt, refuse or expire it."""
    settle_proposal()
