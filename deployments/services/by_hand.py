"""Send a region back past the engine; called by the `send_back` command alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import transaction

from accounts.actors import system
from deployments import queries
from deployments.errors import EnvironmentNotFound
from deployments.models import DeploymentRun, Environment
from deployments.services.content import slot_spec
from deployments.services.targets import live_targets, open_target
from events.services import record
from platforms.base import Observation, Platform, PlatformRefused, Routing, SlotSpec

NOTHING = "none"
READY_SECONDS = 60


def send_back(environment: str, region: str, slot: str) -> dict[str, int]:
    """Give all traffic and background work there to `slot` ("none": take it off); the weights in force.

    The target's fence grows, so that whatever was decided before is refused from now on. Raises
    EnvironmentNotFound, PlatformUnavailable or PlatformRefused.
    """
    where = queries.environment(environment)
    target = live_targets(where).get(region)
    if target is None:
        raise EnvironmentNotFound(f"{environment} has no target in {region}.")
    platform = open_target(target)
    _switch(platform, where, slot)
    weights = {name: weight for name, weight in platform.observe().weights.items() if weight}
    with transaction.atomic():
        data = {"environment": environment, "region": region, "slot": slot}
        record(
            f"environment/{environment}",
            "environment.sent_back_by_hand",
            system("command line").id,
            data=data,
        )
    return weights


def _switch(platform: Platform, environment: Environment, slot: str) -> None:
    """Through the driver's own way for this where it has one, which leaves a mark at the target."""
    by_hand: Callable[[str, str], None] | None = getattr(platform, "by_hand", None)
    seen = platform.observe()
    if slot == NOTHING:
        platform.switch(seen.fence + 1, Routing({}, None))
        return
    if seen.slot(slot) is None:
        platform.ensure(seen.fence + 1, _spec(environment, slot, seen))
        _wait_until_ready(platform, slot)
    if by_hand is not None:
        by_hand(slot, "the send_back command")
    else:
        platform.switch(seen.fence + 1, Routing({slot: 100}, slot))


def _spec(environment: Environment, slot: str, seen: Observation) -> SlotSpec:
    """What a slot that the target has lost is made of, from the newest run that made it there."""
    run = DeploymentRun.objects.filter(environment=environment, slot=slot).first()
    if run is None:
        there = ", ".join(sorted(s.slot for s in seen.slots)) or "none"
        raise PlatformRefused(
            "unknown_slot", f"There is no slot {slot} in {seen.region}; there are: {there}."
        )
    return slot_spec(run)


def _wait_until_ready(platform: Platform, slot: str) -> None:
    """A person waits at the terminal: look until the slot answers, then go on."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        found = platform.observe().slot(slot)
        if found is not None and all(c.ready for c in found.components if c.kind == "http"):
            return
        time.sleep(0.5)
    raise PlatformRefused("invalid", f"{slot} was started but is not ready after {READY_SECONDS} s.")
