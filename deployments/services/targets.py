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
from deployments.services.saving import upsert
from events import clock
from platforms.base import Observation, Platform, SlotState
from platforms.registry import open_platform

T = TypeVar("T")


def live_targets(environment: Environment) -> dict[str, Target]:
    """The environment's targets by region."""
    rows = Target.objects.filter(environment=environment, retired_at=None).select_related("region")
    found = {target.region.name: target for target in rows}
    for target in found.values():
        target.environment = environment  # known: not asked for again
    return found


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


SEEN_FIELDS = ("seen_at", "tried_at", "reachable", "sentence", "fence", "weights", "slots", "background",
               "addresses", "mark")  # fmt: skip
SILENT_FIELDS = ("tried_at", "reachable", "sentence")


def remember(seen: Mapping[Target, Observation]) -> None:
    """Store observations as the targets' newest views."""
    now = clock.now()
    views = [
        TargetView(
            target=target,
            seen_at=now,
            tried_at=now,
            reachable=True,
            fence=found.fence,
            weights=dict(found.weights),
            slots={slot.slot: _slot(slot) for slot in found.slots},
            background=found.background or "",
            addresses=dict(found.addresses),
            mark=found.act,
            sentence=found.held,
        )
        for target, found in seen.items()
    ]
    _upsert(views, SEEN_FIELDS)


def remember_silence(silent: Mapping[Target, str]) -> None:
    """Note that targets did not answer; what was seen of them before stays, with its age."""
    now = clock.now()
    _upsert([TargetView(target=t, tried_at=now, sentence=why) for t, why in silent.items()], SILENT_FIELDS)


def _upsert(views: list[TargetView], fields: tuple[str, ...]) -> None:
    ordered = sorted(views, key=lambda view: view.target_id)  # one order for everybody: no deadlock
    upsert(ordered, ("target",), fields)


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
