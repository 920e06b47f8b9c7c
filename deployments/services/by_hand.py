"""Send a region back past the engine; called by the `send_back` command alone."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from accounts.actors import system
from deployments import queries
from deployments.errors import EnvironmentNotFound
from deployments.services.targets import live_targets, open_target
from events.services import record
from platforms.base import Platform, PlatformRefused, Routing

NOTHING = "none"


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
    _switch(platform, slot)
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


def _switch(platform: Platform, slot: str) -> None:
    """Through the driver's own way for this where it has one, which leaves a mark at the target."""
    by_hand: Callable[[str, str], None] | None = getattr(platform, "by_hand", None)
    seen = platform.observe()
    if slot == NOTHING:
        platform.switch(seen.fence + 1, Routing({}, None))
        return
    if seen.slot(slot) is None:
        there = ", ".join(sorted(s.slot for s in seen.slots)) or "none"
        raise PlatformRefused(
            "unknown_slot", f"There is no slot {slot} in {seen.region}; there are: {there}."
        )
    if by_hand is not None:
        by_hand(slot, "the send_back command")
    else:
        platform.switch(seen.fence + 1, Routing({slot: 100}, slot))
