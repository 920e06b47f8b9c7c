"""The loop around the pure plan: take the lease, observe, decide, act, record; then let go.

No transaction is open while a driver is called, nothing sleeps, and everything can be killed at any
instruction: the next look carries on from what is really there. Called by tasks, and by an abort.
"""

from __future__ import annotations

import contextlib
import logging
from functools import partial

from deployments import queries
from deployments.errors import RunNotFound
from deployments.models import DeploymentRun, RunStep
from deployments.plan import next_step, watch
from deployments.plan.moves import Answer, Ask, Begin, Call, Done, Fail, Move, Note, Return, Succeed, Wait
from deployments.plan.views import RunView, Seen
from deployments.services import calls, leases, looking, outcomes, output, reading, returning, turn, way_back
from deployments.services.leases import Lease, LeaseLost, fenced
from deployments.services.progress import Line, append, masked
from deployments.services.stopping import stopped
from deployments.services.targets import in_threads
from deployments.states import LineKind, RunKind, RunState
from events import clock
from platforms.base import JobResult, PlatformRefused, PlatformUnavailable

log = logging.getLogger(__name__)

MOVES_PER_LOOK = 50
"""After so many moves a look ends and asks for another at once, so that no run keeps a worker.

A release that need not wait in between, in one region, takes fewer.
"""

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
    look = looking.begin(lease, run)
    if lease.queued:
        _ask_ahead(lease, run, look)
        started = turn.try_to_start(lease, run)
        if started is None:
            return turn.WAIT_SECONDS
        run = started
    look_in: float | None = None
    if run.run_state in (RunState.RUNNING, RunState.PAUSED):
        look_in = _forward(lease, run, look)
    elif run.way_back_open and run.run_kind == RunKind.DEPLOY:
        look_in = _watch(lease, run, look)
    if DeploymentRun.objects.filter(pk=run.pk, state=RunState.ROLLING_BACK).exists():
        look_in = returning.go_back(lease, look)
    if run.run_kind == RunKind.DEPLOY:
        output.take(lease, run, {region: look.platforms[region] for region in sorted(look.there)})
    return look_in


def _ask_ahead(lease: Lease, run: DeploymentRun, look: looking.Look) -> None:
    """Ask the targets whether they could run this, while it is started: most runs are at their first look.

    One that has to wait its turn has asked in vain, once.
    """
    if lease.first and run.run_kind == RunKind.DEPLOY:
        look.probes = calls.probes(run, look.platforms)


def _forward(lease: Lease, run: DeploymentRun, look: looking.Look) -> float | None:
    """Moves of a running or paused run, until there is one to wait for.

    What was seen and every move that needs nobody outside are one transaction; no call is made before the
    transaction that says so has been committed.
    """
    queries.steps_of(run)  # read once: every transaction of this look goes on with the same rows
    asked: looking.Asked | None = looking.ask(look)
    kept = {}
    if run.run_kind == RunKind.DEPLOY:  # written while the targets are looked at, before any is changed
        kept = in_threads({"file": partial(way_back.keep, run, look.targets)})
        way_back.tell(run, look.platforms)
    answers: dict[Call, Answer] = {}
    seen: Seen | None = None
    while look.moves < MOVES_PER_LOOK:
        heard = None
        if seen is None:
            heard, asked = looking.hear(look, run, asked or looking.ask(look)), None
            answers |= calls.early_answers(lease, run, look.probes)
        for file in kept.values():
            file.result()
        with fenced(lease, run) as locked:
            view = reading.view_of(locked)
            if heard is not None:
                seen = looking.write_down(look, locked, view, heard)
            assert seen is not None
            move = _decide(look, locked, view, seen, answers, alone=heard is None)
            if isinstance(move, Note):  # what is watched from now on wants a fresh look, which may begin
                asked = looking.ask(look)
        run.content_problems = locked.content_problems
        if isinstance(move, Ask):
            stop = _ask(lease, look, run, move, answers)
            if stop is not None:
                return stop
        after = _after(locked, move)
        if after is not None:
            return None if after < 0 else after
        if isinstance(move, Note) or (isinstance(move, Ask) and move.call.kind in calls.LOOKED_AT_AGAIN):
            seen = None  # what is watched from now on, or was changed, wants a fresh look
    return 0.0


def _decide(
    look: looking.Look,
    run: DeploymentRun,
    view: RunView,
    seen: Seen,
    answers: dict[Call, Answer],
    *,
    alone: bool,
) -> Move | None:
    """Write down the moves of this moment; the last one, or None where the next wants a transaction alone.

    `alone`: nothing was written in this transaction yet. The run is locked under its fence.
    """
    while look.moves < MOVES_PER_LOOK:
        move = next_step(view, seen, clock.now(), answers)
        if isinstance(move, Fail | Return) and not alone:
            return None
        _write(run, move)
        look.moves += 1
        alone = False
        if not isinstance(move, Begin | Done):
            return move
        view = reading.after_moves(view, run)
    return None


def _ask(
    lease: Lease, look: looking.Look, run: DeploymentRun, move: Ask, answers: dict[Call, Answer]
) -> float | None:
    """Carry out a call and keep its answer; a number means that the look is over until then."""
    try:
        if stopped(run.environment.name):
            return 0.0  # put in force since this look began: decide again, with it
        begun = look.probes.pop(move.call.region, None) if move.call.kind == "probe" else None
        answers[move.call] = (
            calls.carry_out(lease, run, look.platform(move.call.region), move.call)
            if begun is None
            else calls.answer_of(lease, begun)
        )
    except PlatformUnavailable as error:
        _say(lease, f"{move.call.region} does not answer: {masked(error.reason)}")
        return max(0.5, min(error.retry_after, 30.0))
    except PlatformRefused as error:
        if calls.refused_by_fence(error):
            raise
        failed = Fail(move.call.step, f"{move.call.region} refused: {masked(error.reason)}")
        with fenced(lease) as locked:
            _write(locked, failed)
        return _after(locked, failed)
    _keep_output(lease, run, move.call, answers[move.call])
    return None


def _say(lease: Lease, sentence: str) -> None:
    """The run says why it goes no further now."""
    with fenced(lease) as run:
        outcomes.wait(run, sentence)


def _keep_output(lease: Lease, seen: DeploymentRun, call: Call, answer: Answer) -> None:
    """New lines of a job go to the run's progress; a step remembers how many it has seen."""
    if not isinstance(answer, JobResult):
        return
    with fenced(lease, seen) as run:
        step = _step(run, call.step)
        key = f"lines:{call.component}"
        known = int(step.data.get(key, 0))
        if len(answer.lines) > known:
            source = f"{call.component}/{call.job}"
            append(run, [Line(LineKind.LOG, text, call.region, source) for text in answer.lines[known:]])
            outcomes.note(run, step, {key: len(answer.lines)})


def _step(run: DeploymentRun, ordinal: int) -> RunStep:
    return next(step for step in queries.steps_of(run) if step.ordinal == ordinal)


def _write(run: DeploymentRun, move: Move) -> None:
    """Write a move down; the run is locked under its fence.

    Those that turn the run read its steps as they are saved, and belong into a transaction of their own.
    """
    match move:
        case Ask(call, sentence, note):
            if note:
                outcomes.note(run, _step(run, call.step), dict(note))
            if sentence:
                outcomes.wait(run, sentence)
        case Begin(ordinal, traffic):
            outcomes.begin(run, _step(run, ordinal), traffic=traffic)
        case Note(ordinal, data):
            outcomes.note(run, _step(run, ordinal), data)
        case Done(ordinal, sentence):
            outcomes.finish(run, _step(run, ordinal), sentence)
        case Fail(ordinal, sentence):
            outcomes.fail_step(run, _step(run, ordinal), sentence)
        case Return(sentence):
            outcomes.roll_back(run, sentence, outcomes.ENGINE, sentence)
        case Wait(sentence, _, call_out):
            outcomes.wait(run, sentence, call_out=call_out)
        case Succeed():
            outcomes.succeed(run)


def _after(run: DeploymentRun, move: Move | None) -> float | None:
    """When to look again after that move: below 0 for never, None to go on in this look."""
    match move:
        case Fail():
            return 0.0 if run.run_state == RunState.ROLLING_BACK else -1.0
        case Return():
            return 0.0
        case Wait(_, look_in, _):
            return look_in
        case Succeed():
            return 2.0 if run.way_back_open else -1.0
    return None


def _watch(lease: Lease, run: DeploymentRun, look: looking.Look) -> float:
    """Limits of a succeeded run stay watched until its release completes; the return stays armed."""
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
