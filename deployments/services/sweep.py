"""The engine's clock: hand out what is due. A lost wake costs a second, never a run."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from deployments.models import DeploymentRun
from deployments.services.clockwork import DatabaseClock, after
from events.wake import wake

BATCH = 50
AGAIN_SECONDS = 3.0
"""A run that was handed out is handed out again after this, should its look never begin."""


def is_due(run_id: int) -> bool:
    """Is that run's look due by now?"""
    return DeploymentRun.objects.filter(pk=run_id, next_look_at__lte=DatabaseClock()).exists()


def sweep() -> int:
    """Wake every run whose look is due and whose lease is free; returns how many.

    Rows that another sweep or a look holds are left to them (SKIP LOCKED).
    """
    free = Q(lease_until=None) | Q(lease_until__lt=DatabaseClock())
    with transaction.atomic():
        due = DeploymentRun.objects.select_for_update(skip_locked=True, no_key=True)
        due = due.filter(free, next_look_at__lte=DatabaseClock()).order_by("next_look_at")
        ids = list(due.values_list("pk", flat=True)[:BATCH])
        DeploymentRun.objects.filter(pk__in=ids).update(next_look_at=after(AGAIN_SECONDS))
        for run_id in ids:
            wake("deployments.tasks.look", run_id)
    return len(ids)
