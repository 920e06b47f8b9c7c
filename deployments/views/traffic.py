"""Traffic per region: the share that was seen, and the tide of past and plan.

In: a run's facts, samples and steps. Out: `RegionTraffic`s. Called by `deployments.views.run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deployments.models import DeploymentRun, RunStep
from deployments.queries import RegionFacts, RunFacts, Sample, region_zones
from deployments.states import ACTIVE, RunState, StepState
from events import clock

Point = tuple[datetime, float]
SHORTEST_TIDE = timedelta(seconds=3)  # less than that is a point, not a tide


@dataclass(frozen=True, slots=True)
class TideView:
    """Green's share of one region over time; `plan` is empty where the future is not known."""

    region: str
    start: datetime
    end: datetime
    now: datetime
    past: Sequence[Point]
    plan: Sequence[Point]
    label: str

    @property
    def scale(self) -> list[tuple[datetime, str]]:
        """Four moments for the foot of the chart."""
        return scale(self.start, self.end, 3)


@dataclass(frozen=True, slots=True)
class RegionTraffic:
    """One region: its water line, what comes next in words, and how old the numbers are."""

    name: str
    zone: str
    local_time: str
    green: float | None
    words: str
    seen_at: datetime | None
    trouble: str
    ended: bool
    tide: TideView | None = field(default=None)


def regions(
    run: DeploymentRun, facts: RunFacts, steps: Sequence[RunStep], samples: Sequence[Sample]
) -> list[RegionTraffic]:
    """Every region of the run's plan, in the plan's order."""
    if run.traffic_at is None and run.run_state not in ACTIVE:
        return []
    zones = region_zones()
    now = clock.now()
    coming = _coming(run, facts, steps, now)
    return [
        _region(run, found, zones.get(found.region, "UTC"), samples, coming, now) for found in facts.regions
    ]


def _region(
    run: DeploymentRun,
    found: RegionFacts,
    zone: str,
    samples: Sequence[Sample],
    coming: Sequence[tuple[str, datetime, int]],
    now: datetime,
) -> RegionTraffic:
    mine = [sample for sample in samples if sample.region == found.region]
    plan = [(at, float(weight)) for region, at, weight in coming if region == found.region]
    seen_at = now - timedelta(seconds=found.age_seconds) if found.age_seconds is not None else None
    return RegionTraffic(
        name=found.region,
        zone=zone,
        local_time=f"{now.astimezone(ZoneInfo(zone)):%H:%M}",
        green=_share(run, found, mine),
        words=_words(run, found, plan),
        seen_at=seen_at if run.run_state in ACTIVE or run.way_back_open else None,
        trouble="" if found.reachable or run.run_state not in ACTIVE else "The target does not answer.",
        ended=run.run_state not in ACTIVE and not run.way_back_open,
        tide=_tide(run, found.region, mine, plan, now),
    )


def _share(run: DeploymentRun, found: RegionFacts, samples: Sequence[Sample]) -> float | None:
    """As seen now while the run moves or can go back; afterwards as the run left it."""
    if run.run_state in ACTIVE or run.way_back_open:
        return None if found.percent is None else float(found.percent)
    if run.run_state == RunState.ROLLED_BACK:
        return 0.0
    if run.run_state == RunState.SUCCEEDED:
        return 100.0  # a run that succeeded ended at all of the traffic, whatever took over since
    return float(samples[-1].weights.get(run.slot, 0)) if samples else None


def _words(run: DeploymentRun, found: RegionFacts, plan: Sequence[Point]) -> str:
    if run.run_state == RunState.ROLLED_BACK:
        return "all on blue again" if run.blue else "taken down"
    if run.run_state == RunState.ROLLING_BACK:
        return "going back"
    if run.run_state == RunState.SUCCEEDED and not run.way_back_open:
        return "green had all of it when the run ended"
    changes = [point for point in plan if point[1] != found.percent]
    if changes:
        at, weight = changes[0]
        return f"goes to {weight:.0f} % at about {at:%H:%M} UTC, as planned"
    if found.percent is None:
        return "not seen yet"
    return f"green carries {found.percent} %"


def holding(facts: RunFacts) -> bool:
    """True while the wait of a weight is over and its verdict is still open."""
    return facts.next_step_in_seconds == 0 and facts.verdict in ("inconclusive", "error")


def _coming(
    run: DeploymentRun, facts: RunFacts, steps: Sequence[RunStep], now: datetime
) -> list[tuple[str, datetime, int]]:
    """(region, moment, weight) of the shifts to come, if each wait takes its planned time and passes."""
    if run.run_state != RunState.RUNNING or facts.next_step_in_seconds is None or holding(facts):
        return []
    bakes = dict(zip(run.plan.get("weights", []), run.plan.get("bake_seconds", []), strict=False))
    at, coming = now + timedelta(seconds=facts.next_step_in_seconds), []
    for step in steps:
        if step.step_state != StepState.WAITING or step.kind not in ("shift", "cut_over"):
            continue
        coming.append((step.region, at, int(step.weight or 0)))
        if step.kind == "shift":
            at += timedelta(seconds=float(bakes.get(step.weight, 0)))
    return coming


def _tide(
    run: DeploymentRun, region: str, samples: Sequence[Sample], plan: Sequence[Point], now: datetime
) -> TideView | None:
    if not samples:
        return None
    past: list[Point] = []
    for sample in samples:
        weight = float(sample.weights.get(run.slot, 0))
        if not past or past[-1][1] != weight:
            past.append((sample.at, weight))
    last = now if run.run_state in ACTIVE else samples[-1].at
    if run.run_state == RunState.ROLLED_BACK and run.ended_at:
        past.append((run.ended_at, 0.0))
        last = run.ended_at + timedelta(seconds=5)
    if last - samples[0].at < SHORTEST_TIDE and not plan:
        return None
    end = plan[-1][0] + timedelta(seconds=30) if plan else last
    dashed = [(last, past[-1][1]), *plan] if plan else []
    shown = f"Share of traffic on green in {region} over time: {past[-1][1]:.0f} percent last seen"
    return TideView(
        region,
        samples[0].at,
        max(end, last),
        last,
        past,
        dashed,
        shown + (", plan reaches 100 percent" if plan and plan[-1][1] == 100 else ""),
    )


def scale(start: datetime, end: datetime, parts: int) -> list[tuple[datetime, str]]:
    """Moments for the foot of a chart with their words, to the second where the chart is short."""
    form = "%H:%M:%S" if end - start < timedelta(minutes=5) else "%H:%M"
    moments = [start + (end - start) * at / parts for at in range(parts + 1)]
    return [(moment, f"{moment:{form}}") for moment in moments]
