"""What a person may ask of a run: pause, resume, promote, abort.

Each takes the run over (its fence grows), so that a worker in the middle of a look changes nothing
afterwards. An abort starts the way back at once, in a thread of the calling process, and by a wake too.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from accounts.actors import Actor
from approvals import policy, stops
from approvals.errors import Stopped
from approvals.policy import Action
from deployments import queries
from deployments.errors import NotInThisState, NoWayBack, RunNotFound
from deployments.models import DeploymentRun
from deployments.services import outcomes
from deployments.services.clockwork import look_now
from deployments.services.leases import grant
from deployments.services.progress import Line, append
from deployments.services.start import described
from deployments.states import ACTIVE, Intent, LineKind, RunKind, RunState, StepState
from events import clock
from events.errors import NotAllowed
from events.services import record

log = logging.getLogger(__name__)


def pause(run_id: int, *, actor: Actor, reason: str) -> DeploymentRun:
    """Stop forward moves; limits stay watched and the way back stays armed."""
    with _taken_over(run_id, actor, Action.PAUSE) as run:
        _require_state(run, (RunState.RUNNING,), "be paused")
        run.pause()
        run.intent = Intent.PAUSE.value
        run.sentence = f"Paused by {actor.label}. Limits stay watched."
        run.save(update_fields=("state", "intent", "sentence"))
        _tell(run, actor, "run.paused", run.sentence, reason)
    return run


def resume(run_id: int, *, actor: Actor, reason: str = "") -> DeploymentRun:
    """Go on with forward moves, also past what somebody did by hand meanwhile. Raises Stopped."""
    with _taken_over(run_id, actor, Action.PAUSE) as run:
        _require_state(run, (RunState.PAUSED,), "be resumed")
        _refuse_forward(run)
        run.resume()
        run.intent = Intent.GO.value
        run.memory = {**run.memory, "accepted_marks": queries.marks(run.environment)}
        run.sentence = f"Resumed by {actor.label}."
        run.save(update_fields=("state", "intent", "memory", "sentence"))
        _tell(run, actor, "run.resumed", run.sentence, reason)
    return run


def promote(run_id: int, *, actor: Actor, reason: str) -> DeploymentRun:
    """End the bake of the current weight now: skips time, never a verdict."""
    with _taken_over(run_id, actor, Action.PROMOTE) as run:
        _require_state(run, (RunState.RUNNING,), "be promoted")
        _refuse_forward(run)
        step = run.steps.filter(state=StepState.RUNNING, kind="shift").first()
        if step is None or "from" not in step.data:
            raise NotInThisState(f"Run {run.pk} is not watching a weight; there is no time to skip.")
        if "promoted" not in step.data:
            step.data = {**step.data, "promoted": clock.now().isoformat()}
            step.save(update_fields=("data",))
        text = f"{step.title}: promoted by {actor.label}; it moves on with a pass."
        _tell(run, actor, "run.promoted", text, reason)
    return run


def abort(run_id: int, *, actor: Actor, reason: str) -> DeploymentRun:
    """Before any weight: cancel. After: send all traffic back, starting now, in this process.

    Raises NoWayBack once the release is completed, while an emergency run is on top, or when a
    migration cannot be undone and nothing is left to hold.
    """
    with _taken_over(run_id, actor, Action.ABORT) as run:
        _record_wish(run, actor, reason)
        if run.traffic_at is None and run.run_state in (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED):
            outcomes.cancel(run, f"Cancelled by {actor.label} before any weight: {reason}", actor.id, reason)
        elif _bound(run):
            _hold(run, actor, reason)
        elif run.run_state != RunState.ROLLING_BACK:
            _require_way_back(run)
            outcomes.roll_back(run, f"Asked by {actor.label}: {reason}", actor.id, reason)
        rolling = run.run_state == RunState.ROLLING_BACK
        if rolling:
            transaction.on_commit(lambda: _go_back_at_once(run.pk))
    return run


@contextmanager
def _taken_over(run_id: int, actor: Actor, action: Action) -> Iterator[DeploymentRun]:
    """The locked run under a fence of ours, free to be leased again when this is committed."""
    policy.require(actor, action)
    with transaction.atomic():
        held = DeploymentRun.objects.select_for_update(no_key=True)
        run = held.filter(pk=run_id).first()
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        if actor.environments and run.environment.name not in actor.environments:
            raise NotAllowed(f"This token may not touch {run.environment.name}.")
        grant(run)
        yield run
        DeploymentRun.objects.filter(pk=run.pk).update(lease_until=None, lease_owner="")
        if run.next_look_at is not None or run.run_state == RunState.ROLLING_BACK:
            look_now(run)


def _refuse_forward(run: DeploymentRun) -> None:
    """Resuming and promoting lead forward, which an emergency stop holds; pausing and aborting do not."""
    stop = stops.stop_of(run.environment.name)
    if stop is not None:
        raise Stopped(
            f"{stops.in_words(stop)} Run {run.pk} moves forward when it is lifted; it can be aborted now.",
            blockers=[stops.blocker(stop)],
        )


def _tell(run: DeploymentRun, actor: Actor, kind: str, text: str, reason: str) -> None:
    append(run, [Line(LineKind.STATE, text, data={"state": run.state, "reason": reason})])
    record(run.stream, kind, actor.id, after=described(run), reason=reason)


def _record_wish(run: DeploymentRun, actor: Actor, reason: str) -> None:
    """What the person wants is kept whatever comes of it."""
    _require_state(run, (RunState.QUEUED, RunState.SUCCEEDED, *ACTIVE), "be aborted")
    run.intent = (Intent.CANCEL if run.traffic_at is None else Intent.RETURN).value
    run.save(update_fields=("intent",))
    record(run.stream, "run.abort_asked", actor.id, after=described(run), reason=reason)


def _bound(run: DeploymentRun) -> bool:
    """True once an irreversible migration has begun."""
    begun = run.steps.filter(kind="migrate").exclude(state__in=[StepState.WAITING, StepState.SKIPPED])
    return bool(run.plan.get("irreversible")) and begun.exists()


def _hold(run: DeploymentRun, actor: Actor, reason: str) -> None:
    """An abort past the point of no return: stand still where traffic is."""
    if run.run_state == RunState.SUCCEEDED:
        raise NoWayBack(
            f"The migration of {run.subject} cannot be undone and all traffic is on it: carry out its "
            "forward-fix plan."
        )
    if run.run_state == RunState.RUNNING:
        run.pause()
    run.sentence = (
        f"Held by {actor.label}: the migration cannot be undone, so traffic stays where it is. "
        "Carry out the forward-fix plan."
    )
    run.save(update_fields=("state", "sentence"))
    _tell(run, actor, "run.paused", run.sentence, reason)


def _require_way_back(run: DeploymentRun) -> None:
    if run.run_kind == RunKind.RETIRE:
        raise NoWayBack(f"Run {run.pk} takes an old colour down; there is nothing to go back to.")
    if run.run_state == RunState.SUCCEEDED and run.closed_at is not None:
        raise NoWayBack(f"The way back of {run.subject} is closed since {run.closed_at:%Y-%m-%d %H:%M} UTC.")
    on_top = DeploymentRun.objects.filter(environment=run.environment, state__in=ACTIVE)
    other = on_top.exclude(pk=run.pk).first()
    if other is not None:
        raise NoWayBack(
            f"{other.subject} is under way in {run.environment.name} on top of {run.subject}; while it runs "
            f"only its own way back exists: abort run {other.pk} first."
        )


def _require_state(run: DeploymentRun, states: tuple[RunState, ...], verb: str) -> None:
    if run.run_state not in states:
        wanted = " or ".join(state.label.lower() for state in states)
        raise NotInThisState(
            f"Run {run.pk} is {run.run_state.label.lower()} and cannot {verb}; it would have to be {wanted}."
        )


def _go_back_at_once(run_id: int) -> None:
    """Start the way back without waiting for a worker; the wake and the sweep do the same."""
    threading.Thread(target=_go_back, args=(run_id,), name=f"return-{run_id}", daemon=True).start()


def _go_back(run_id: int) -> None:
    from deployments.services.reconcile import reconcile

    try:
        reconcile(run_id)
    except Exception:
        log.exception("the way back of run %s goes on by the sweep", run_id)
    finally:
        connections.close_all()
