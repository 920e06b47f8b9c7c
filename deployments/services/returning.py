"""The way back: one switch per region, every region on its own clock, nothing to wait for.

A region that was reached is done whatever the others do; one that was not keeps the run in
`rolling_back`, named with its last known weight, its age and the one command that does it by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from django.db import connection

from deployments import queries
from deployments.models import DeploymentRun, RunStep, TargetView
from deployments.plan.views import RunView, background_right, in_force
from deployments.plan.words import duration
from deployments.services import late_entries, looking, outcomes, reading, weights
from deployments.services.calls import refused_by_fence
from deployments.services.content import slot_spec
from deployments.services.leases import Lease, fenced, renew
from deployments.services.progress import append, masked
from deployments.services.targets import in_threads, remember, remember_silence
from deployments.services.waiting import finished
from deployments.states import StepState
from events import clock
from platforms.base import Observation, Platform, PlatformRefused, PlatformUnavailable, Routing, SlotSpec

PATIENCE_SECONDS = 8.0
"""How long one look waits for the slowest region; its own call goes on, the next look asks again."""

RETRY_SECONDS = 1.0


def go_back(lease: Lease, look: looking.Look) -> float | None:
    """Send every region back that is not yet; returns when to try again, None when all are.

    `look`: the targets as this look has opened them.
    """
    run = reading.load(lease.run_id)
    view = reading.view_of(run)
    futures = _asked(lease, run, view, look, _begun(lease))
    late = dict.fromkeys(futures, f"it did not answer within {PATIENCE_SECONDS:g} s")
    why = {**look.closed, **late}
    for region in finished(lease, futures, PATIENCE_SECONDS):
        try:
            seen = futures[region].result()
        except PlatformRefused as error:
            if refused_by_fence(error):
                raise
            why[region] = masked(error.reason)
        except PlatformUnavailable as error:
            why[region] = masked(error.reason)
        else:
            remember({look.targets[region]: seen})
            why[region] = _arrived(lease, view, region, seen)
    remember_silence({look.targets[r]: why[r] for r in late if why[r] and r in look.targets})
    return _settled(lease, why)


def routing_back(view: RunView) -> Routing:
    """All of it on blue, or on nothing after a first deployment; background work with it."""
    return Routing(weights=view.weights(0), background=view.blue)


def _begun(lease: Lease) -> list[str]:
    """The regions that are not back yet; their steps begin."""
    with fenced(lease) as run:
        steps = _not_back(run)
        for step in steps:
            if step.step_state == StepState.WAITING:
                outcomes.begin(run, step, traffic=False)
    return [step.region for step in steps]


def _not_back(run: DeploymentRun) -> list[RunStep]:
    """The steps back that are not done."""
    return [s for s in queries.steps_of(run) if s.group == "return" and s.step_state != StepState.DONE]


def _asked(
    lease: Lease, run: DeploymentRun, view: RunView, look: looking.Look, regions: list[str]
) -> dict[str, Future[Observation]]:
    renew(lease)
    routing = routing_back(view)
    blue = slot_spec(run.blue) if run.blue else None
    work = {
        region: _switching(_Region(lease, region, look.platforms[region]), routing, blue)
        for region in regions
        if region in look.platforms
    }
    return in_threads(work)


@dataclass(frozen=True, slots=True)
class _Region:
    """One region on its way back, under one lease."""

    lease: Lease
    name: str
    platform: Platform


def _switching(where: _Region, routing: Routing, blue: SlotSpec | None) -> Callable[[], Observation]:
    fence, platform = where.lease.fence, where.platform

    def switch() -> Observation:
        _write_down(where)
        try:
            platform.switch(fence, routing)
        except PlatformRefused as error:
            if error.code != "unknown_slot" or blue is None:
                raise
            platform.ensure(fence, blue)  # the target lost blue: have it again, whatever it takes
            platform.switch(fence, routing)
        return platform.observe()

    return switch


def _write_down(where: _Region) -> None:
    """Whoever acted past the portal is on the record before the switch takes their mark away."""
    try:
        seen = where.platform.observe()
    except PlatformUnavailable:
        return  # its switch is tried all the same: a target that lost its proxy keeps the wish
    if not seen.mark:
        return
    try:
        with fenced(where.lease) as run:
            lines = late_entries.note(run, {where.name: seen})
            if lines:
                run.save(update_fields=("memory",))
                append(run, lines)
                late_entries.record_all(run, lines)
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _arrived(lease: Lease, view: RunView, region: str, seen: Observation) -> str:
    """Finish the region's step when it is seen to be back; else why not."""
    with fenced(lease) as run:
        lines = weights.moved(run, {region: seen})
        run.save(update_fields=("memory",))
        append(run, lines)
        weights.record_all(run, lines)
    if not in_force(seen, view.weights(0)) or not background_right(view, seen, view.blue):
        return f"its weights are {dict(seen.weights)}"
    with fenced(lease) as run:
        step = next(s for s in queries.steps_of(run) if s.group == "return" and s.region == region)
        to = view.blue or "nothing"
        open_here = sum(edge.draining for edge in seen.edges if edge.slot == view.green)
        draining = f"; {open_here} connection(s) may end in green" if open_here else ""
        outcomes.finish(run, step, f"{region} serves from {to} again{draining}.")
    return ""


def _settled(lease: Lease, why: dict[str, str]) -> float | None:
    """The run's end, or its sentence about the regions that are missing."""
    with fenced(lease) as run:
        missing = _not_back(run)
        if not missing:
            outcomes.finish_rollback(run)
            return None
        texts = [_missing(run, step, why.get(step.region, "")) for step in missing]
        outcomes.wait(run, f"Rolling back. {' '.join(texts)}")
    return RETRY_SECONDS


def _missing(run: DeploymentRun, step: RunStep, why: str) -> str:
    """A region that is not back: what is known of it, how old that is, and what to type."""
    view = TargetView.objects.filter(
        target__environment_id=run.environment_id, target__region__name=step.region, target__retired_at=None
    ).first()
    known = "its weight was never seen"
    if view is not None and view.seen_at is not None:
        age = duration((clock.now() - view.seen_at).total_seconds())
        known = f"green had {view.weights.get(run.slot, 0)} % there {age} ago"
    return f"{step.region} is not back ({why}); {known}. By hand: {command_by_hand(run, step.region)}"


def command_by_hand(run: DeploymentRun, region: str) -> str:
    """The one command that sends a region back without worker, beat or web."""
    slot = run.blue.slot if run.blue else "none"
    return f"./portal manage send_back {run.environment.name} {region} --slot {slot}"
