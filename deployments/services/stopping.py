"""The emergency stop as runs feel it: made at once, read before every forward move, lifted when signed.

`approvals` holds the stop; this room reads it. What makes it quick comes after its transaction: every run
that it holds is taken over (its fence grows), says so and is looked at. Were the portal killed in between,
the next look of each run reads the stop all the same. Called by pages and the API of `releases`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from approvals import stops
from approvals.models import EmergencyStop
from approvals.services import stopping as approvals
from deployments import queries
from deployments.models import DeploymentRun, RunStep
from deployments.services.clockwork import look_now
from deployments.services.leases import grant
from deployments.services.progress import Line, append
from deployments.states import LineKind, RunState, StepState
from events import clock
from events.errors import NotAllowed

HELD = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)


@dataclass(frozen=True, slots=True)
class Made:
    """A stop, and the runs that it holds."""

    stop: EmergencyStop
    runs: tuple[int, ...]


def stop(*, environment: str = "", actor: Actor, reason: str = "") -> Made:
    """Halt all forward moves and new starts, in one environment or ("") in all of them, now.

    Raises NotAllowed, EnvironmentNotFound, StopExists, Invalid.
    """
    _demand_place(actor, environment)
    made = approvals.make(environment=environment, actor=actor, reason=reason)
    held = tuple(pk for pk in queries.held_by_stop(environment) if _take_over(pk, actor))
    return Made(made, held)


def lift(stop_id: int, *, actor: Actor, reason: str) -> EmergencyStop:
    """Let forward moves go on; every run that it held is looked at now.

    Raises what `approvals.services.stopping.lift` raises.
    """
    _demand_place(actor, approvals.find(stop_id).environment)
    lifted = approvals.lift(stop_id, actor=actor, reason=reason)
    for pk in queries.held_by_stop(lifted.environment):
        _let_go(pk, lifted.at)
    return lifted


def stopped(environment: str) -> str:
    """Why nothing moves forward there now, or "": the sentence of the stop in force."""
    found = stops.stop_of(environment)
    return stops.in_words(found) if found is not None else ""


def stopped_at_start(environment: str) -> str:
    """The same for a start: no stop can come in until the caller's transaction has ended."""
    found = stops.stop_of_start(environment)
    return stops.in_words(found) if found is not None else ""


def _demand_place(actor: Actor, environment: str) -> None:
    """The environment is known, and a token that is limited to some touches no other."""
    if environment:
        queries.environment(environment)
    if actor.environments and environment not in actor.environments:
        allowed = ", ".join(sorted(actor.environments))
        raise NotAllowed(f"This token may not touch {environment or 'all environments'}; only: {allowed}.")


def _take_over(run_id: int, actor: Actor) -> bool:
    """Take the run from the worker that holds it, so that it decides nothing more, and have it say so."""
    with transaction.atomic():
        run = DeploymentRun.objects.select_for_update(no_key=True).filter(pk=run_id, state__in=HELD).first()
        if run is None:
            return False
        grant(run)
        run.sentence = f"Emergency stop by {actor.label}: holds where it is. Limits stay watched."
        run.save(update_fields=("sentence",))
        line = Line(LineKind.STATE, run.sentence, level="warning", data={"state": run.state, "stopped": True})
        append(run, [line])
        _let_be_taken(run)
    return True


def _let_be_taken(run: DeploymentRun) -> None:
    """Whoever held it is out; the next look may come at once."""
    DeploymentRun.objects.filter(pk=run.pk).update(lease_until=None, lease_owner="")
    look_now(run)


def _let_go(run_id: int, since: datetime) -> None:
    """A step is not late for the time in which it was held."""
    with transaction.atomic():
        run = DeploymentRun.objects.select_for_update(no_key=True).filter(pk=run_id, state__in=HELD).first()
        if run is None or stops.stop_of(run.environment.name) is not None:
            return
        grant(run)  # a look that is under way has read the steps before
        for step in run.steps.filter(state=StepState.RUNNING):
            _excuse(step, since)
        append(run, [Line(LineKind.STATE, "The emergency stop is lifted.", data={"state": run.state})])
        _let_be_taken(run)


def _excuse(step: RunStep, since: datetime) -> None:
    began = max(since, step.started_at or since)
    held = float(step.data.get("stopped_seconds", 0.0)) + (clock.now() - began).total_seconds()
    step.data = {**step.data, "stopped_seconds": held}
    step.save(update_fields=("data",))
