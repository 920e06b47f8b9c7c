"""The platforms behind an environment's targets, and what was last seen of each.

No transaction is open while a driver is called; drivers are called from threads of their own, so that
a region which hangs holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings

from deployments.models import Environment, Target, TargetView
from events import clock
from platforms.base import Observation, Platform, SlotState
from platforms.registry import open_platform

T = TypeVar("T")


def live_targets(environment: Environment) -> dict[str, Target]:
    """The environment's targets by region."""
    rows = Target.objects.filter(environment=environment, retired_at=None).select_related("region")
    return {target.region.name: target for target in rows}


def open_target(target: Target) -> Platform:
    """The driver of a target; opens no connection. Raises PlatformRefused for settings it cannot use."""
    return open_platform(
        target.driver,
        target.environment.name,
        target.region.name,
        target.data_class,
        {**target.settings, **_installation(target.driver)},
    )


def _installation(driver: str) -> dict[str, Any]:
    """What a driver needs of this installation, apart from the platform file."""
    if driver != "local":
        return {}
    return {"agent_socket": settings.LOCAL_AGENT_SOCKET, "agent_token": settings.LOCAL_AGENT_TOKEN}


def in_threads(work: Mapping[str, Callable[[], T]]) -> dict[str, Future[T]]:
    """Start each piece of work in a thread of its own; nobody waits for them here."""
    pool = ThreadPoolExecutor(max_workers=max(1, len(work)), thread_name_prefix="target")
    futures = {key: pool.submit(call) for key, call in work.items()}
    pool.shutdown(wait=False)
    return futures


def remember(target: Target, seen: Observation) -> None:
    """Store an observation as the target's newest view."""
    now = clock.now()
    TargetView.objects.update_or_create(
        target=target,
        defaults={
            "seen_at": now,
            "tried_at": now,
            "reachable": True,
            "sentence": "",
            "fence": seen.fence,
            "weights": dict(seen.weights),
            "slots": {slot.slot: _slot(slot) for slot in seen.slots},
            "background": seen.background or "",
            "addresses": dict(seen.addresses),
            "mark": seen.mark,
        },
    )


def remember_silence(target: Target, why: str) -> None:
    """Note that a target did not answer; what was seen before stays, with its age."""
    TargetView.objects.update_or_create(
        target=target, defaults={"tried_at": clock.now(), "reachable": False, "sentence": why}
    )


def _slot(slot: SlotState) -> dict[str, Any]:
    components = [
        {
            "name": c.name,
            "kind": c.kind,
            "artifact": c.artifact,
            "ready": c.ready,
            "active": c.active,
            "restarts": c.restarts,
            "reason": c.reason,
        }
        for c in slot.components
    ]
    return {"release": slot.release, "components": components}
