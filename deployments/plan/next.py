"""One decision: given the run as it stands and what was seen, what now?

Pure: same input, same answer; no clock, no table, no call. The engine carries out the answer, so that
killing it anywhere loses nothing: the next look asks again with what is really there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from deployments.analysis import Outcome
from deployments.plan import finish, prepare, shift
from deployments.plan.moves import Answer, Begin, Call, Done, Move, Note, Return, Succeed, Wait
from deployments.plan.steps import TRAFFIC
from deployments.plan.views import RunView, Seen, StepView
from deployments.states import RunState, StepState

Decide = Callable[[RunView, StepView, Seen, datetime, Mapping[Call, Answer]], Move]

KINDS: dict[str, Decide] = {
    "preflight": prepare.preflight,
    "tag": prepare.preflight,
    "announce": prepare.announce,
    "provision": prepare.provision,
    "configure": prepare.configure,
    "migrate": prepare.migrate,
    "deploy": prepare.deploy,
    "validate": prepare.smoke,
    "smoke": prepare.smoke,
    "shift": shift.shift,
    "cut_over": shift.cut_over,
    "restart": shift.cut_over,
    "rehearse": shift.rehearse,
    "verify": finish.verify,
    "retire": finish.retire,
    "contract": finish.contract,
}
"""What decides for each kind of step."""

CARRIES_ON_WHEN_HELD = frozenset({"verify", "announce"})
"""Steps after the last forward move: a lapsed clearance does not stop looking and telling."""


def next_step(run: RunView, seen: Seen, now: datetime, answers: Mapping[Call, Answer] | None = None) -> Move:
    """The next move of a run that is running or paused.

    `answers` are those of the calls asked for earlier in this look.
    """
    bad = _watch(run, seen)
    if bad is not None:
        return bad
    step = run.current
    if step is None:
        return Succeed("Every step is done.")
    if run.state == RunState.PAUSED:
        return Wait(f"Paused before: {step.title.lower()}. Limits stay watched.", 2.0)
    if run.stopped:
        return _stopped(run, step, seen, now, answers or {})
    if step.state == StepState.RUNNING:
        return KINDS[step.kind](run, step, seen, now, answers or {})
    return _begin(run, step, seen)


def _stopped(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Mapping[Call, Answer]) -> Move:
    """Under an emergency stop nothing begins and no target is asked to change; the way back stays armed.

    A weight that is being watched goes on being watched: it may still be returned for being undecided too
    long, and be noted as passed. Nothing is failed meanwhile, since what it waits for may be the stop.
    """
    if step.state == StepState.RUNNING and step.kind == "shift":
        move = KINDS[step.kind](run, step, seen, now, answers)
        if isinstance(move, Return | Done | Note):
            return move
    where = "Holding in" if step.state == StepState.RUNNING else "Holding before"
    return Wait(f"{where}: {step.title.lower()}. {run.stopped} Limits stay watched.", 2.0)


def watch(run: RunView, seen: Seen) -> Move:
    """The move of a succeeded run whose way back is open: limits stay watched, the return armed."""
    bad = _watch(run, seen)
    if bad is not None:
        return bad
    sentences = [v.sentence for v in seen.verdicts.values() if v.outcome != Outcome.PASS]
    gone = [f"{region} does not answer: {why}" for region, why in seen.unreachable.items()]
    return Wait(" ".join(["Limits stay watched.", *gone, *sentences]), 5.0)


def sent_back(run: RunView, seen: Seen) -> Move | None:
    """Somebody took traffic off green past the portal: the run follows them, everywhere."""
    if not any(
        s.kind in TRAFFIC and s.state not in (StepState.WAITING, StepState.SKIPPED) for s in run.steps
    ):
        return None
    for region, here in seen.regions.items():
        gone = not here.weights.get(run.green, 0) or run.blue == run.green
        if here.mark and gone and run.accepted_marks.get(region) != here.act:
            why = f": {here.mark_reason}" if here.mark_reason else "."
            return Return(f"{region} was sent back past the portal ({here.act}){why}")
    return None


def _watch(run: RunView, seen: Seen) -> Move | None:
    """An act past the portal and a failed verdict return all, unless a migration made that impossible."""
    acted = None if run.bound else sent_back(run, seen)
    if acted is not None:
        return acted
    for region, verdict in seen.verdicts.items():
        if verdict.outcome != Outcome.FAIL:
            continue
        if run.bound:
            text = (
                f"Green is bad in {region}: {verdict.sentence} The migration cannot be undone, so traffic "
                f"holds at {percent_of(run, seen, region)} % there; carry out the forward-fix plan."
            )
            return Wait(text, 2.0, call_out=True)
        return Return(f"Green is bad in {region}: {verdict.sentence}")
    return None


def percent_of(run: RunView, seen: Seen, region: str) -> int:
    """Green's weight in a region as it was seen."""
    here = seen.regions.get(region)
    return int(here.weights.get(run.green, 0)) if here else 0


def _begin(run: RunView, step: StepView, seen: Seen) -> Move:
    """Begin the step unless something holds forward moves."""
    traffic = step.kind in TRAFFIC
    if run.held and step.kind not in CARRIES_ON_WHEN_HELD:
        return Wait(f"Holding before: {step.title.lower()}. {run.held}", 2.0)
    held = "" if step.kind in CARRIES_ON_WHEN_HELD else shift.held_there(seen, step.region)
    if held:
        return Wait(f"Holding before: {step.title.lower()}. {held}", 2.0)
    if traffic:
        blind = next((r for r, v in seen.verdicts.items() if v.outcome == Outcome.ERROR), None)
        if blind is not None:
            why = seen.verdicts[blind].sentence
            return Wait(f"Holding before: {step.title.lower()}. {blind} cannot be measured: {why}", 2.0)
        marked = shift.acted_past_portal(run, step.region, seen)
        if marked is not None:
            return marked
    return Begin(step.ordinal, traffic)
