"""Celery's door to the desk: dossiers are made in a worker."""

from __future__ import annotations

from celery import shared_task

from desk import services


@shared_task(name="desk.tasks.make_dossier")
def make_dossier(pk: int) -> None:
    """Make the archive of one request."""
    services.make_dossier(pk)


@shared_task(name="desk.tasks.sweep_dossiers")
def sweep_dossiers() -> None:
    """What a lost wake left, and what is old."""
    services.sweep()
