"""Steps that move traffic: forward with care, one weight and one verdict at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from deployments.analysis import Outcome, Served, Verdict, unmeasured
from deployments.plan.moves import Answer, Ask, Call, Done, Fail, Move, Note, Return, Wait
from deployments.plan.views import RunView, Seen, StepView, background_right, in_force
from deployments.plan.words import duration, soon

Answers = Mapping[Call, Answer]

COUNT_SECONDS = 60.0
"""So long a cut-over waits for the requests of a blue that few visit, or that is down."""


def shift(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """Give green this weight in this region, watch it over the bake time, move on with a pass only.

    Without a bake time what was served since the weight was asked for is judged as soon as it is in force.
    """
    weights = run.weights(step.weight or 0)
    began = step.moment("from")
    moved = _switched(run, step, seen, answers, weights, run.blue)
    if began is None and isinstance(moved, Ask):
        before = _doubt(run, step, seen, now) or _uncounted(run, step, seen, now)
        if before is not None:
            return before
    if moved is not None and (began is None or step.region in seen.regions):
        if isinstance(moved, Ask) and not step.bake_seconds:
            return replace(moved, note={"served": _served(step, seen)})
        return moved
    if began is None and not _passed_at_once(step, seen):
        return Note(step.ordinal, {"from": now.isoformat(), "served": _served(step, seen)})
    verdict = seen.verdicts.get(step.region) or unmeasured(
        seen.unreachable.get(step.region, "Nothing was measured.")
    )
    left = bake_left(step, now)
    at = f"{step.weight} % in {step.region}"
    if left > 0:
        until = now + timedelta(seconds=left)  # a moment stays true however long the sentence is read
        return Wait(f"{at}: watched until {until:%H:%M:%S} UTC. {verdict.sentence}", min(left, 2.0))
    if verdict.outcome == Outcome.PASS:
        return Done(step.ordinal, f"{at}: {verdict.sentence}")
    return _undecided(run, step, verdict, -left, at)


def _served(step: StepView, seen: Seen) -> dict[str, Any]:
    """What each colour had served in the step's region by now, as a step remembers it."""
    return {slot: total.as_json() for slot, total in seen.totals.get(step.region, {}).items()}


def _passed_at_once(step: StepView, seen: Seen) -> bool:
    """Is a weight that nobody is to watch known to be good the moment that it is in force?"""
    verdict = seen.verdicts.get(step.region)
    asked = not step.bake_seconds and "served" in step.data
    return asked and verdict is not None and verdict.outcome == Outcome.PASS


def _doubt(run: RunView, step: StepView, seen: Seen, now: datetime) -> Move | None:
    """Between the verdict that ended the last weight and this one, green may have become doubtful.

    A hold, a pause or another region's bake lies between them: only what passes now gets more traffic.
    Every region that green serves in is asked, not the step's alone: it is one content everywhere, and the
    first bad region returns all, so one that may be bad lets no other go on. A region that is quiet since it
    passed is no doubt; the judge sees to that.
    """
    others = [region for region in run.plan["regions"] if region != step.region]
    for region in (step.region, *others):
        verdict = seen.verdicts.get(region)
        if verdict is None or verdict.outcome == Outcome.PASS:
            continue
        here = seen.regions.get(region)
        weight = here.weights.get(run.green, 0) if here else "?"
        before = "" if region == step.region else f" before {step.weight} % in {step.region}"
        at = f"{weight} % in {region}{before}"
        return _undecided(run, step, verdict, step.seconds_running(now), at)
    return None


def _uncounted(run: RunView, step: StepView, seen: Seen, now: datetime) -> Move | None:
    """Green takes all from blue only once blue was counted over as many requests as a verdict needs.

    From then on blue serves nothing, and what it served before is all that green is compared with: the first
    look only sets where counting begins, so a plan that begins with its only weight takes a second one. A
    blue that so few visit, or that is down, holds up what may mend it for COUNT_SECONDS at most.
    """
    if step.weight != 100 or not run.compared or step.seconds_running(now) >= COUNT_SECONDS:
        return None
    counted = seen.totals.get(step.region, {}).get(run.blue or "", Served()).requests
    floor = int(run.plan["limits"]["minimum_requests"])
    if counted >= floor:
        return None
    text = (
        f"Before 100 % in {step.region}: blue has served {counted} of the {floor} requests to compare with."
    )
    return Wait(text, soon(step.seconds_running(now), 1.0))


def bake_left(step: StepView, now: datetime) -> float:
    """Seconds until this weight may be judged for good; below 0 once it is overdue.

    A promotion ends the bake at its own moment: it skips time, never the verdict.
    """
    began, promoted = step.moment("from"), step.moment("promoted")
    if began is None:
        return float(step.bake_seconds)
    left = step.bake_seconds - (now - began).total_seconds()
    return min(left, -(now - promoted).total_seconds()) if promoted else left


def _undecided(run: RunView, step: StepView, verdict: Verdict, overdue: float, at: str) -> Move:
    """No pass at the end of the bake: hold and say so, call somebody, in the end go back."""
    limits = run.plan
    if overdue > limits["decide_by_seconds"] and not run.bound:
        waited = duration(limits["decide_by_seconds"])
        return Return(f"{at}: still {verdict.outcome.value} {waited} after the bake. {verdict.sentence}")
    called = overdue > limits["hold_limit_seconds"]
    text = f"Holding at {at}, {verdict.outcome.value} for {duration(overdue)}: {verdict.sentence}"
    if called:
        text += " A DevOps Engineer is called."
    if not run.bound:
        text += f" Goes back in {duration(max(0.0, limits['decide_by_seconds'] - overdue))} unless it passes."
    return Wait(text, soon(overdue, 2.0), call_out=called)


def cut_over(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """All traffic and the background work on green: workers and schedules are handed over."""
    moved = _switched(run, step, seen, answers, run.weights(100), run.green)
    if moved is None:
        return Done(step.ordinal, f"{step.region} is served by green alone.")
    limit = run.plan["ready_timeout_seconds"]
    if isinstance(moved, Wait) and step.region in seen.regions and step.seconds_running(now) > limit:
        return Fail(step.ordinal, f"{step.region} did not take the cut-over within {limit} s.")
    return moved


def rehearse(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """The way back and the shift, with nobody's eyes on it: what production would do, done once."""
    phases = [0, *run.plan["rehearse_weights"]]
    phase = int(step.data.get("phase", 0))
    if phase >= len(phases):
        return Done(step.ordinal, f"Went back to the old colour and forward again in {step.region}.")
    percent = phases[phase]
    background = run.green if percent == 100 else run.blue
    moved = _switched(run, step, seen, answers, run.weights(percent), background)
    return moved or Note(step.ordinal, {"phase": phase + 1})


def acted_past_portal(run: RunView, region: str, seen: Seen) -> Move | None:
    """Hold where somebody moved traffic by hand, until somebody says that the run may go on."""
    here = seen.regions.get(region)
    if here is None or not here.mark or run.accepted_marks.get(region) == here.act:
        return None
    text = (
        f"Holding: somebody acted past the portal in {region} ({here.act}). Pause and resume to go on "
        "from there, or abort to go back."
    )
    return Wait(text, 2.0)


def held_there(seen: Seen, region: str) -> str:
    """Who of the cluster's people holds that region, or (a step of no region) any; empty when nobody does."""
    for name, here in seen.regions.items():
        if here.held and region in ("", name):
            return f"In {name} {here.held}. It goes on once that is taken away; a return is never held."
    return ""


def _switched(
    run: RunView,
    step: StepView,
    seen: Seen,
    answers: Answers,
    weights: dict[str, int],
    background: str | None,
) -> Move | None:
    """None when this routing is in force in the step's region, else the move towards it."""
    here = seen.regions.get(step.region)
    if here is None:
        return Wait(f"{step.region} does not answer: {seen.unreachable.get(step.region, '')}", 2.0)
    if in_force(here, weights) and background_right(run, here, background):
        return None
    marked = acted_past_portal(run, step.region, seen)
    if marked is not None:
        return marked
    held = held_there(seen, step.region)
    if held:
        return Wait(f"Holding in: {step.title.lower()}. {held}", 2.0)
    call = Call(
        "switch",
        step.region,
        step=step.ordinal,
        weights=tuple(sorted(weights.items())),
        background=background,
    )
    if call in answers:
        return Wait(f"Waiting for {step.region} to take the new weights.", 1.0)
    green = weights.get(run.green, 0)
    return Ask(call, f"Giving green {green} % in {step.region}.")
