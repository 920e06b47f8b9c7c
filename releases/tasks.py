"""Tasks of releases: each takes ids and calls one service."""

from __future__ import annotations

from celery import shared_task

from releases.services.advance import advance as advance_release
from releases.services.previewing import take as take_preview
from releases.services.sweep import sweep as sweep_releases


@shared_task(name="releases.tasks.advance")
def advance(release_id: int) -> None:
    """Lead one release on."""
    advance_release(release_id)


@shared_task(name="releases.tasks.preview")
def preview(release_id: int) -> None:
    """Ask the clusters what they would make of a release."""
    take_preview(release_id)


@shared_task(name="releases.tasks.sweep")
def sweep() -> None:
    """Lead every release on that can be."""
    sweep_releases()
