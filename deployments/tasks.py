"""What the queues run: one look, the sweep, the observation of idle targets, the daily clearing."""

from __future__ import annotations

import logging

from celery import shared_task

from deployments.errors import RunNotFound
from deployments.services import drifting, keeping, observing, scaling
from deployments.services import reconcile as engine
from deployments.services import sweep as clock

log = logging.getLogger(__name__)


@shared_task(name="deployments.tasks.look")
def look(run_id: int) -> None:
    """One look at a run; whatever it leaves undone the sweep hands out again."""
    try:
        engine.reconcile(run_id)
    except RunNotFound:
        log.info("run %s is gone", run_id)


@shared_task(name="deployments.tasks.look_when_due")
def look_when_due(run_id: int) -> None:
    """The shortcut between two sweeps: a look unless somebody has had it in between."""
    if clock.is_due(run_id):
        look(run_id)


@shared_task(name="deployments.tasks.sweep")
def sweep() -> None:
    """Wake what is due."""
    clock.sweep()


@shared_task(name="deployments.tasks.observe_idle")
def observe_idle() -> None:
    """Keep what is live where fresh."""
    observing.observe_idle()


@shared_task(name="deployments.tasks.resize")
def resize() -> None:
    """Sizes by the clock."""
    scaling.resize()


@shared_task(name="deployments.tasks.check_drift")
def check_drift() -> None:
    """Does everything run what was approved?"""
    drifting.check()


@shared_task(name="deployments.tasks.clear_old_progress")
def clear_old_progress() -> None:
    """Have the coming days, and drop those past their keeping."""
    keeping.make_days_ahead()
    keeping.clear_old_progress()
