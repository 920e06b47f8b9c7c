"""Gather the evidence for the judge: which colour served what, while which weight was watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from deployments.analysis import Evidence, Outcome, Served, Verdict, judge, unmeasured
from deployments.models import DeploymentRun
from deployments.plan.shift import bake_left
from deployments.plan.steps import TRAFFIC
from deployments.plan.views import RunView, StepView
from deployments.services import tallies
from deployments.states import RunState, StepState
from platforms.base import Observation

WINDOW_BAKES = 3
WINDOW_SECONDS = 60.0
"""After its bake a region is judged over the last three bake times, at least a minute."""

UNTOUCHED = (StepState.WAITING, StepState.SKIPPED)


def verdicts(
    run: DeploymentRun,
    view: RunView,
    regions: Mapping[str, Observation],
    silent: Mapping[str, str],
    parts: Mapping[str, tallies.Parts],
    now: datetime,
) -> dict[str, Verdict]:
    """The verdict of every region in which green has been given weight.

    Empty while a plain switch runs: nobody bakes it. What is watched after its end is judged all the same.
    """
    found: dict[str, Verdict] = {}
    if view.plan["kind"] != "blue_green" and view.state != RunState.SUCCEEDED:
        return found
    for region in view.plan["regions"]:
        step = _last_touch(view, region)
        if step is None:
            continue
        here = regions.get(region)
        if here is None:
            found[region] = unmeasured(silent.get(region, "It did not answer."))
        elif here.weights.get(view.green, 0):
            in_force = here.weights[view.green] == step.weight
            found[region] = _judged(run, view, step, parts.get(region, {}), now, in_force=in_force)
    return found


def _last_touch(view: RunView, region: str) -> StepView | None:
    """The newest step that may have given green weight in this region."""
    touched = [s for s in view.steps if s.region == region and s.kind in TRAFFIC and s.state not in UNTOUCHED]
    return touched[-1] if touched else None


def _judged(
    run: DeploymentRun,
    view: RunView,
    step: StepView,
    parts: tallies.Parts,
    now: datetime,
    *,
    in_force: bool,
) -> Verdict:
    """Judge green since this weight came; without a bake since it was asked for, once it is in force."""
    counting = "from" in step.data or (in_force and "served" in step.data)
    baking = step.kind == "shift" and step.state == StepState.RUNNING and counting
    if baking:
        start, final = tallies.as_served(step.data.get("served", {})), bake_left(step, now) <= 0
    else:
        start, final = tallies.before(run, step.region, now - _window(view)), False
    limits = view.plan["limits"]
    verdict = judge(_evidence(run, view, parts, start), limits, final=final)
    if baking or verdict.outcome != Outcome.INCONCLUSIVE or view.state == RunState.SUCCEEDED:
        return verdict
    return judge(_evidence(run, view, parts, _at_last_weight(view, step.region, start)), limits, final=False)


def _at_last_weight(view: RunView, region: str, otherwise: Mapping[str, Served]) -> Mapping[str, Served]:
    """What had been served when this region last got a weight; `otherwise` where it got none.

    It has passed on what came since: a quiet region that waits for its turn must not become doubtful for
    want of visitors, while what it did see lately is judged first.
    """
    told = [s.data["served"] for s in view.steps if s.region == region and "served" in s.data]
    return tallies.as_served(told[-1]) if told else otherwise


def _evidence(
    run: DeploymentRun, view: RunView, parts: tallies.Parts, start: Mapping[str, Served]
) -> Evidence:
    totals = tallies.summed(parts)
    green = totals.get(view.green, Served())
    blue = totals.get(view.blue or "", Served())
    compare = view.blue is not None and view.blue != view.green and not _uncounted(run, blue)
    green_parts, blue_parts = parts.get(view.green, {}), parts.get(view.blue or "", {})
    return Evidence(
        green=green.since(start.get(view.green, Served())),
        blue=blue.since(start.get(view.blue or "", Served())) if compare else Served(),
        green_whole=green,
        blue_whole=blue if compare else None,
        parts={name: (served, blue_parts.get(name, Served())) for name, served in green_parts.items()},
    )


def _uncounted(run: DeploymentRun, blue: Served) -> bool:
    """Is blue what was taken over, whose figures tell no colour? Then limits alone judge green."""
    return not blue.requests and run.blue is not None and bool(run.blue.plan.get("adopted"))


def _window(view: RunView) -> timedelta:
    return timedelta(seconds=max(WINDOW_SECONDS, WINDOW_BAKES * view.plan["bake_seconds"][-1]))
