"""When a run is looked at next, by the database's clock, and the wake that makes it sooner."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import DateTimeField, Func
from django.db.models.expressions import Combinable, Value

from deployments.models import DeploymentRun
from deployments.states import RunState
from events.wake import wake


class DatabaseClock(Func):
    """The database's own time at this instant, also within a long transaction."""

    function = "clock_timestamp"
    output_field = DateTimeField()


def after(seconds: float) -> Combinable:
    """The database's time that many seconds from now."""
    return DatabaseClock() + Value(timedelta(seconds=seconds))


def look_at(run: DeploymentRun, seconds: float | None) -> None:
    """Have the run looked at in that many seconds; None: never again by itself."""
    when = None if seconds is None else after(seconds)
    DeploymentRun.objects.filter(pk=run.pk).update(next_look_at=when)


def look_at_queue(environment_id: int) -> None:
    """Have the queued runs of an environment looked at once this is committed.

    Not within the transaction: their rows may be held by looks that wait for the environment's row.
    """
    transaction.on_commit(lambda: _look_at_queue(environment_id), robust=True)


def _look_at_queue(environment_id: int) -> None:
    queued = DeploymentRun.objects.filter(environment_id=environment_id, state=RunState.QUEUED)
    for run in queued.only("pk"):
        look_now(run)


def look_now(run: DeploymentRun) -> None:
    """Have the run looked at as soon as this transaction has committed."""
    look_at(run, 0)
    wake("deployments.tasks.look", run.pk)
