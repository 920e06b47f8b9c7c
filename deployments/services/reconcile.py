"""The loop around the pure plan: take the lease, observe, decide, act, record; then let go.

No transaction is open while a driver is called, nothing sleeps, and everything can be killed at any
instruction: the next look carries on from what is really there. Called by tasks, and by an abort.
"""

from __future__ import annotations

import contextlib
import logging

from deployments import queries
from deployments.errors import RunNotFound
from deployments.models import DeploymentRun
from deployments.plan import next_step, watch
from deployments.plan.moves import Answer, Ask, Begin, Call, Done, Fail, Move, Note, Return, Succeed, Wait
from deployments.plan.views import RunView, Seen
from deployments.services import calls, leases, looking, outcomes, reading, returning, turn, way_back
from deployments.services.leases import Lease, LeaseLost, fenced
from deployments.services.progress import Line, append, masked
from deployments.services.stopping import stopped
from deployments.states import LineKind, RunKind, RunState
from events import clock
from platforms.base import JobResult, PlatformRefused, PlatformUnavailable

log = logging.getLogger(__name__)

MOVES_PER_LOOK = 25
"""After so many moves a look ends and asks for another at once, so that no run keeps a worker."""

WATCH_SECONDS = (2.0, 10.0)
"""Bounds of the time between two looks at a run whose limits are watched after its end."""


def reconcile(run_id: int) -> None:
    """One look at a run; nothing happens while somebody else has it. Raises RunNotFound."""
    lease = leases.take(run_id)
    if lease is None:
        if not DeploymentRun.objects.filter(pk=run_id).exists():
            raise RunNotFound(f"There is no run {run_id}.")
        return
    look_in: float | None = 5.0
    try:
        look_in = _look(lease)
    except LeaseLost:
        return
    except PlatformRefused as error:
        if not calls.refused_by_fence(error):
            raise
        look_in = 1.0
    except Exception as error:
        _confess(lease, error)
        raise
    finally:
        leases.release(lease, look_in)


def _confess(lease: Lease, error: Exception) -> None:
    """A fault of the portal's own is told by its kind; the next look tries again."""
    with contextlib.suppress(LeaseLost), fenced(lease) as run:
        outcomes.wait(
            run, f"The last look failed inside the portal ({type(error).__name__}); it is tried again."
        )


def _look(lease: Lease) -> float | None:
    """Whatever this run needs in its state; returns when to look again (None: never)."""
    run = reading.load(lease.run_id)
    if run.run_state == RunState.QUEUED:
        if not turn.try_to_start(lease):
            return turn.WAIT_SECONDS
        run = reading.load(lease.run_id)
    look_in: float | None = None
    if run.run_state in (RunState.RUNNING, RunState.PAUSED):
        look_in = _forward(lease, run)
    elif run.way_back_open and run.run_kind == RunKind.DEPLOY:
        look_in = _watch(lease, run)
    if DeploymentRun.objects.filter(pk=run.pk, state=RunState.ROLLING_BACK).exists():
        return returning.go_back(lease)
    return look_in


def _forward(lease: Lease, run: DeploymentRun) -> float | None:
    """Moves of a running or paused run, until there is one to wait for."""
    look = looking.begin(lease, run)
    if run.run_kind == RunKind.DEPLOY:
        way_back.keep(run, look.targets)
        way_back.tell(run, look.platforms)
    answers: dict[Call, Answer] = {}
    seen: Seen | None = None
    for _ in range(MOVES_PER_LOOK):
        leases.renew(lease)
        run = reading.fresh(run)
        view = reading.view_of(run)
        seen = seen or looking.see(look, run, view)
        move = next_step(view, seen, clock.now(), answers)
        if isinstance(move, Ask):
            stop = _ask(lease, look, run, view, move, answers)
            if stop is not None:
                return stop
            seen = None if move.call.kind in calls.CHANGES else seen
            continue
        after = _record(lease, move)
        seen = None if isinstance(move, Note) else seen  # what is watched from now on wants a fresh look
        if after is not None:
            return None if after < 0 else after
    return 0.0


def _ask(
    lease: Lease,
    look: looking.Look,
    run: DeploymentRun,
    view: RunView,
    move: Ask,
    answers: dict[Call, Answer],
) -> float | None:
    """Carry out a call and keep its answer; a number means that the look is over until then."""
    step = view.current
    try:
        if move.sentence:
            _say(lease, move.sentence)
        if stopped(run.environment.name):
            return 0.0  # put in force since this look began: decide again, with it
        answers[move.call] = calls.carry_out(lease, run, look.platform(move.call.region), move.call)
    except PlatformUnavailable as error:
        _say(lease, f"{move.call.region} does not answer: {masked(error.reason)}")
        return max(0.5, min(error.retry_after, 30.0))
    except PlatformRefused as error:
        if calls.refused_by_fence(error):
            raise
        text = f"{move.call.region} refused: {masked(error.reason)}"
        return _record(lease, Fail(step.ordinal if step else 0, text))
    _keep_output(lease, move.call, answers[move.call])
    return None


def _say(lease: Lease, sentence: str) -> None:
    """The run says what it is doing, before it does it."""
    with fenced(lease) as run:
        outcomes.wait(run, sentence)


def _keep_output(lease: Lease, call: Call, answer: Answer) -> None:
    """New lines of a job go to the run's progress; a step remembers how many it has seen."""
    if not isinstance(answer, JobResult):
        return
    with fenced(lease) as run:
        step = run.steps.get(ordinal=call.step)
        key = f"lines:{call.component}"
        known = int(step.data.get(key, 0))
        if len(answer.lines) > known:
            source = f"{call.component}/{call.job}"
            append(run, [Line(LineKind.LOG, text, call.region, source) for text in answer.lines[known:]])
            outcomes.note(step, {key: len(answer.lines)})


def _record(lease: Lease, move: Move) -> float | None:
    """Write the move down; returns when to look again, below 0 for never, None to go on in this look."""
    with fenced(lease) as run:
        match move:
            case Begin(ordinal, traffic):
                outcomes.begin(run, run.steps.get(ordinal=ordinal), traffic=traffic)
            case Note(ordinal, data):
                outcomes.note(run.steps.get(ordinal=ordinal), data)
            case Done(ordinal, sentence):
                outcomes.finish(run, run.steps.get(ordinal=ordinal), sentence)
            case Fail(ordinal, sentence):
                outcomes.fail_step(run, run.steps.get(ordinal=ordinal), sentence)
                return 0.0 if run.run_state == RunState.ROLLING_BACK else -1.0
            case Return(sentence):
                outcomes.roll_back(run, sentence, outcomes.ENGINE, sentence)
                return 0.0
            case Wait(sentence, look_in, call_out):
                outcomes.wait(run, sentence, call_out=call_out)
                return look_in
            case Succeed():
                outcomes.succeed(run)
                return 2.0 if run.way_back_open else -1.0
    return None


def _watch(lease: Lease, run: DeploymentRun) -> float:
    """Limits of a succeeded run stay watched until its release completes; the return stays armed."""
    look = looking.begin(lease, run)
    view = reading.view_of(run)
    move = watch(view, looking.see(look, run, view))
    if isinstance(move, Return):
        with fenced(lease) as locked:
            if queries.active_run(locked.environment) is None:
                outcomes.roll_back(locked, move.sentence, outcomes.ENGINE, move.sentence)
                return 0.0
    elif isinstance(move, Wait):
        with fenced(lease) as locked:
            text = f"{locked.subject} serves in {locked.environment.name}. {move.sentence}"
            outcomes.wait(locked, text, call_out=move.call_out)
    lower, upper = WATCH_SECONDS
    return float(min(upper, max(lower, run.plan["monitoring_seconds"] / 60)))
