"""The clearance of a run: its leave to move forward, renewed from above while the facts hold.

A run never asks upward. Called by `releases.services.advance`. A lapsed clearance holds forward moves
only: limits stay watched and the way back is always free.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from deployments.errors import NotInThisState, RunNotFound
from deployments.models import DeploymentRun
from deployments.services.clockwork import look_now
from deployments.states import RunState
from events import clock
from events.errors import Conflict

CLEARED_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)


def renew(run_id: int, *, seal: str, until: datetime) -> DeploymentRun:
    """Clear the run to move forward until then; raises Conflict for another seal."""
    with transaction.atomic():
        run = _forward_run(run_id)
        if run.seal != seal:
            raise Conflict(f"Run {run.pk} carries another seal; it was not cleared.")
        lapsed = run.clearance_until is not None and run.clearance_until <= clock.now()
        run.clearance_until, run.clearance_sentence = until, ""
        run.save(update_fields=("clearance_until", "clearance_sentence"))
        if lapsed:
            look_now(run)
    return run


def lapse(run_id: int, *, sentence: str) -> DeploymentRun:
    """Hold the run's forward moves and have it say why."""
    with transaction.atomic():
        run = _forward_run(run_id)
        run.clearance_until, run.clearance_sentence = clock.now(), sentence
        run.save(update_fields=("clearance_until", "clearance_sentence"))
    return run


def held_by_clearance(run: DeploymentRun) -> str:
    """Why the run may not move forward now, empty when it may. No clearance at all: none is needed."""
    if run.clearance_until is None or run.clearance_until > clock.now():
        return ""
    return run.clearance_sentence or "Its clearance has run out; it is renewed while every fact holds."


def _forward_run(run_id: int) -> DeploymentRun:
    run = DeploymentRun.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None:
        raise RunNotFound(f"There is no run {run_id}.")
    if run.run_state not in CLEARED_STATES:
        raise NotInThisState(f"Run {run.pk} is {run.run_state.label.lower()}; it moves forward no more.")
    return run
