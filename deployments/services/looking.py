"""One look at every region of a run: observe, add up what was served, judge.

Drivers are asked in threads, outside any transaction; what came of it is written under the fence.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from deployments.analysis import Verdict
from deployments.models import DeploymentRun, Target
from deployments.plan.moves import Answer
from deployments.plan.views import RunView, Seen
from deployments.services import judging, late_entries, tallies, weights
from deployments.services.leases import Lease, fenced
from deployments.services.progress import Line, append, masked
from deployments.services.saving import save
from deployments.services.targets import in_threads, live_targets, open_target, remember, remember_silence
from deployments.services.waiting import finished
from deployments.states import LineKind, RunKind
from events import clock
from platforms.base import ComponentState, Observation, Platform, PlatformError, PlatformUnavailable

OBSERVE_SECONDS = 5.0
"""How long a look waits for a region; one that is slower counts as silent this time."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the regions answered, and why others did not."""

    regions: dict[str, Observation]
    silent: dict[str, str]


Asked = dict[str, Future[Observation]]
"""Regions that were asked and may still think."""


@dataclass
class Look:
    """One look under one lease: the targets, their drivers, what could not even be opened, moves so far.

    `probes`: regions that were asked ahead whether they could run this. `there`: those in which the run's
    colour was seen.
    """

    lease: Lease
    targets: dict[str, Target] = field(default_factory=dict)
    platforms: dict[str, Platform] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    counted: dict[str, tallies.Rows] | None = None
    probes: dict[str, Future[Answer]] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    sampled: bool = False
    moves: int = 0

    def platform(self, region: str) -> Platform:
        """The driver of a region; raises PlatformUnavailable where there is none."""
        if region not in self.platforms:
            raise PlatformUnavailable(self.closed.get(region, f"There is no target in {region}."), 5.0)
        return self.platforms[region]


def begin(lease: Lease, run: DeploymentRun) -> Look:
    """Open the drivers of the run's regions."""
    look = Look(lease)
    targets = live_targets(run.environment)
    for region in run.plan["regions"]:
        if region not in targets:
            look.closed[region] = f"{run.environment.name} has no target in {region}."
            continue
        look.targets[region] = targets[region]
        try:
            look.platforms[region] = open_target(targets[region])
        except PlatformError as error:
            look.closed[region] = masked(str(error))
    return look


def see(look: Look, run: DeploymentRun, view: RunView) -> Seen:
    """Look at every region now and write down what is new; raises LeaseLost."""
    heard = hear(look, run, ask(look))
    with fenced(look.lease) as locked:
        return write_down(look, locked, view, heard)


def ask(look: Look) -> Asked:
    """Ask every region what is there now, and wait for none."""
    return in_threads({region: platform.observe for region, platform in look.platforms.items()})


def hear(look: Look, run: DeploymentRun, asked: Asked) -> Heard:
    """What came of it; no transaction is open. Raises LeaseLost."""
    regions, silent = _answers(look, asked)
    look.there |= {region for region, seen in regions.items() if seen.slot(run.slot) is not None}
    return Heard(regions, silent)


def _answers(
    look: Look, futures: dict[str, Future[Observation]]
) -> tuple[dict[str, Observation], dict[str, str]]:
    """Who answered with what, and why the others did not."""
    regions: dict[str, Observation] = {}
    silent = {**look.closed, **dict.fromkeys(futures, f"It did not answer within {OBSERVE_SECONDS:g} s.")}
    for region in finished(look.lease, futures, OBSERVE_SECONDS):
        try:
            seen = futures[region].result()
        except PlatformError as error:
            silent[region] = masked(str(error))
            continue
        regions[region] = replace(seen, slots=tuple(_clean(slot) for slot in seen.slots))
        del silent[region]
    return regions, silent


def _clean(slot: Any) -> Any:
    """The slot with its components' reasons masked: they quote what a component wrote."""
    parts: tuple[ComponentState, ...] = slot.components
    return replace(slot, components=tuple(replace(c, reason=masked(c.reason)) for c in parts))


def write_down(look: Look, run: DeploymentRun, view: RunView, heard: Heard) -> Seen:
    """Count, judge and write; the run is locked under its fence."""
    regions = heard.regions
    remember({look.targets[region]: seen for region, seen in regions.items()})
    remember_silence({look.targets[r]: why for r, why in heard.silent.items() if r in look.targets})
    counted = run.run_kind == RunKind.DEPLOY
    if look.counted is None:  # nobody else counts under this lease: a look reads them once
        look.counted = tallies.kept(run) if counted else {}
    parts = {
        region: tallies.add(run, region, seen, look.counted.setdefault(region, {}))
        for region, seen in regions.items()
        if counted
    }
    totals = {region: tallies.summed(found) for region, found in parts.items()}
    judged = judging.verdicts(run, view, regions, heard.silent, parts, clock.now()) if counted else {}
    lines = weights.moved(run, regions)
    if counted and not look.sampled:
        lines += [_sample(region, seen, totals[region]) for region, seen in regions.items()]
    lines += _remember_verdicts(run, judged, regions)
    lines += late_entries.note(run, regions)
    save(run, run, "memory", "verdicts")
    append(run, lines)
    weights.record_all(run, lines)
    late_entries.record_all(run, lines)
    look.sampled = True
    return Seen(regions, heard.silent, totals, judged)


def _sample(region: str, seen: Observation, totals: dict[str, Any]) -> Line:
    data = {
        "weights": dict(seen.weights),
        "served": {slot: served.as_json() for slot, served in totals.items()},
        "open": {slot: sum(e.open_connections for e in seen.edges if e.slot == slot) for slot in totals},
        "draining": sum(e.draining for e in seen.edges),
    }
    return Line(LineKind.SAMPLE, region=region, data=data)


def _remember_verdicts(
    run: DeploymentRun, judged: dict[str, Verdict], regions: dict[str, Observation]
) -> list[Line]:
    """The newest verdict of each region; a line when it changed."""
    lines, known = [], dict(run.verdicts)
    for region, verdict in judged.items():
        before = known.get(region, {}).get("verdict")
        seen = regions.get(region)
        known[region] = {
            **verdict.as_json(),
            "at": clock.now().isoformat(),
            "weight": seen.weights.get(run.slot, 0) if seen else None,
            "draining": sum(e.draining for e in seen.edges if e.slot != run.slot) if seen else 0,
        }
        if before != verdict.outcome.value:
            level = "error" if verdict.outcome.value == "fail" else "info"
            text = f"{region}: {verdict.outcome.value}. {verdict.sentence}"
            lines.append(
                Line(LineKind.VERDICT, text, region, "judge", level, {"verdict": verdict.outcome.value})
            )
    run.verdicts = known
    return lines
