"""The facts of one run, as page and API show them: every number with its limit and its age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deployments.models import DeploymentRun, RunStep, TargetView
from deployments.states import ACTIVE, RunState, StepState
from events import clock


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """One region of a run. `percent` is green's share as it was last seen; None: never seen."""

    region: str
    percent: int | None
    weights: dict[str, int]
    reachable: bool
    age_seconds: float | None
    draining: int
    background: str
    verdict: str
    verdict_sentence: str
    verdict_age_seconds: float | None
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run at this moment. Times are seconds; None means that there is no such time."""

    run: DeploymentRun
    elapsed_seconds: float | None
    step: RunStep | None
    next_step: RunStep | None
    next_step_in_seconds: float | None
    steps_done: int
    steps_total: int
    regions: tuple[RegionFacts, ...]
    verdict: str
    sentence: str
    closes_in_seconds: float | None

    @property
    def percent(self) -> int | None:
        """Green's share over the regions that were seen, on average."""
        seen = [r.percent for r in self.regions if r.percent is not None]
        return round(sum(seen) / len(seen)) if seen else None


WORST = ("fail", "error", "inconclusive", "pass")


def steps_of(run: DeploymentRun) -> list[RunStep]:
    """The steps in their order; whoever asks this row object twice reads them once and gets the same rows."""
    known = run.__dict__.setdefault("_prefetched_objects_cache", {})
    if "steps" not in known:
        known["steps"] = RunStep.objects.filter(run_id=run.pk).order_by("ordinal")
        for step in known["steps"]:
            step.run = run
    return list(known["steps"])


def forget_steps(run: DeploymentRun) -> None:
    """Steps were added: whoever asks next reads them."""
    getattr(run, "_prefetched_objects_cache", {}).pop("steps", None)


def run_facts(run: DeploymentRun) -> RunFacts:
    """Everything that a page shows of a run beside its lines; two queries."""
    now = clock.now()
    steps = list(run.steps.all())
    current = next((s for s in steps if s.step_state == StepState.RUNNING), None)
    waiting = next((s for s in steps if s.step_state == StepState.WAITING), None)
    counted = [s for s in steps if s.group != "return"]
    views = _views(run)
    regions = tuple(_region(run, name, views.get(name), now) for name in run.plan.get("regions", ()))
    named = [r.verdict for r in regions if r.verdict]
    retained = run.retained_until if run.run_state == RunState.SUCCEEDED and run.closed_at is None else None
    return RunFacts(
        run=run,
        elapsed_seconds=_elapsed(run, now),
        step=current,
        next_step=waiting,
        next_step_in_seconds=_bake_left(current, now) if run.run_state == RunState.RUNNING else None,
        steps_done=sum(s.step_state == StepState.DONE for s in counted),
        steps_total=len(counted),
        regions=regions,
        verdict=next((word for word in WORST if word in named), ""),
        sentence=run.sentence,
        closes_in_seconds=max(0.0, (retained - now).total_seconds()) if retained else None,
    )


def _elapsed(run: DeploymentRun, now: datetime) -> float | None:
    if run.started_at is None:
        return None
    end = now if run.run_state in ACTIVE or run.ended_at is None else run.ended_at
    return (end - run.started_at).total_seconds()


def _bake_left(step: RunStep | None, now: datetime) -> float | None:
    if step is None or "from" not in step.data:
        return None
    until = datetime.fromisoformat(step.data["from"]) + timedelta(seconds=step.data.get("bake_seconds", 0))
    return 0.0 if "promoted" in step.data else max(0.0, (until - now).total_seconds())


def _region(run: DeploymentRun, name: str, view: TargetView | None, now: datetime) -> RegionFacts:
    verdict = run.verdicts.get(name, {})
    at = datetime.fromisoformat(verdict["at"]) if verdict.get("at") else None
    weights = {slot: int(w) for slot, w in (view.weights if view else {}).items()}
    return RegionFacts(
        region=name,
        percent=weights.get(run.slot, 0) if view and view.seen_at else None,
        weights=weights,
        reachable=bool(view and view.reachable),
        age_seconds=(now - view.seen_at).total_seconds() if view and view.seen_at else None,
        draining=int(verdict.get("draining", 0)),
        background=view.background if view else "",
        verdict=verdict.get("verdict", ""),
        verdict_sentence=verdict.get("sentence", ""),
        verdict_age_seconds=(now - at).total_seconds() if at else None,
        rows=tuple(verdict.get("rows", ())),
    )


def _views(run: DeploymentRun) -> dict[str, TargetView]:
    """The newest views of the run's targets."""
    live = TargetView.objects.filter(target__environment_id=run.environment_id, target__retired_at=None)
    return {view.target.region.name: view for view in live.select_related("target__region")}
