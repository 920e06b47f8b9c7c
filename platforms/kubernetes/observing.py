"""What is really there in one target, from its watches and one call.

In come objects, out goes `platforms.base.Observation`. Digests are those of running pods.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from platforms.base import ComponentKind, ComponentState, Observation, SlotState
from platforms.kubernetes import (
    background,
    holding,
    metrics,
    names,
    reasons,
    slots,
    together,
    traffic,
    way_back,
)
from platforms.kubernetes.adopting.pods import of_all_colours
from platforms.kubernetes.complaints import Complaints
from platforms.kubernetes.target import (
    Target,
    fence_of,
    label,
    notes,
    own_container,
    wanted_background,
    wanted_weights,
)

JSON = dict[str, Any]
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def observe(target: Target) -> Observation:
    """One look; raises PlatformUnavailable when the API server or a watch does not answer."""
    state, counted = together.both(
        target.state_now, lambda: metrics.edges(target.settings.metrics, sorted(slots.edges(target)))
    )
    edges = sorted(slots.edges(target))
    act = way_back.mark_of(state)
    routes = target.objects(names.ROUTE) if target.settings.gateway else []
    services = [] if target.settings.gateway else traffic.edge_services(target.objects(names.SERVICE))
    return Observation(
        region=target.region,
        at=datetime.now(UTC),
        fence=fence_of(state),
        slots=tuple(_slots(target)),
        weights=traffic.weights_now(target, routes, services),
        background=background.running(target, wanted_background(state)),
        edges=counted,
        addresses=traffic.addresses(target, edges),
        mark=_mark(state, [*routes, *services], wanted_weights(state)),
        marked_by=str(act.get("by") or ""),
        marked_at=datetime.fromisoformat(act["at"]) if act.get("at") else None,
        mark_reason=str(act.get("reason") or ""),
        held=holding.held(target, (state, *routes, *services, *_watched(target))),
    )


def _mark(state: JSON | None, routes: list[JSON], wanted: dict[str, int]) -> str:
    """What somebody did past the portal: the offline command's mark, or a route changed by hand."""
    if state is None:
        return ""
    if told := way_back.mark_of(state):
        return str(told["mark"])
    return traffic.acted_past(routes, wanted) if routes and "rules" in routes[0]["spec"] else ""


def _watched(target: Target) -> list[JSON]:
    """What of ours is watched anyway: people may hold the portal on any of it."""
    return [
        item for kind in (names.DEPLOYMENT, names.CRON_JOB, names.CONFIG_MAP) for item in target.objects(kind)
    ]


def _slots(target: Target) -> list[SlotState]:
    """Every colour that has a record, or pods that still end."""
    records = {label(item, names.SLOT): item for item in slots.records(target)}
    pods: dict[str, list[JSON]] = {}
    for pod in of_all_colours(target):
        if label(pod, names.ROLE) != "job":
            pods.setdefault(label(pod, names.SLOT), []).append(pod)
    found, complaint = [], Complaints(target).of
    for name in sorted({*records, *pods}):
        record = records.get(name)
        release = notes(record).get(names.RELEASE, "") if record else _release(pods[name][0])
        parts = _components(target, name, record, pods.get(name, []), complaint)
        found.append(SlotState(name, release, tuple(parts)))
    return found


def ready(target: Target, slot: str) -> bool:
    """Is everything of that colour ready that is told to work, as the watch has it?"""
    mine = [item for item in target.objects(names.DEPLOYMENT) if label(item, names.SLOT) == slot]
    return not any(background.wants_work(item) and reasons.not_ready(item, []) for item in mine)


def _release(pod: JSON) -> str:
    return label(pod, names.VERSION)


def _components(
    target: Target, slot: str, record: JSON | None, pods: list[JSON], complaint: reasons.Complaint
) -> list[ComponentState]:
    wanted = slots.components_of(record) if record else {}
    holders = {
        label(item, names.COMPONENT): item
        for kind in (names.DEPLOYMENT, names.CRON_JOB)
        for item in target.objects(kind)
        if label(item, names.SLOT) == slot
    }
    return [
        _component(name, wanted.get(name, ["http", ""])[0], holders[name],
                   [pod for pod in pods if label(pod, names.COMPONENT) == name], complaint)
        for name in sorted(holders)
    ]  # fmt: skip


def _component(
    name: str, kind: str, holder: JSON, pods: list[JSON], complaint: reasons.Complaint
) -> ComponentState:
    works = background.wants_work(holder)
    told = holder["kind"] == "Deployment" and works
    reason = reasons.not_ready(holder, pods, complaint) if told else ""
    as_kind: ComponentKind = "worker" if kind == "worker" else "schedule" if kind == "schedule" else "http"
    return ComponentState(
        name=name,
        kind=as_kind,
        artifact=_running_digest(name, holder, pods),
        ready=not reason and (works or as_kind != "http"),
        active=works and as_kind != "http",
        restarts=sum(_restarts(pod) for pod in pods),
        reason=reason,
    )


def _restarts(pod: JSON) -> int:
    return sum(
        int(c.get("restartCount") or 0) for c in (pod.get("status") or {}).get("containerStatuses") or []
    )


def _running_digest(name: str, holder: JSON, pods: list[JSON]) -> str:
    """The digest that runs; where one pod runs another one than it should, that other one."""
    spec = holder["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if holder["kind"] == "CronJob" else spec["template"]
    name = label(holder, names.CONTAINER) or own_container(template, name)
    wanted = _digest(_container(template["spec"]["containers"], name).get("image"))
    running = [_digest_of(pod, name) for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    return next((digest for digest in running if digest and digest != wanted), wanted)


def _digest_of(pod: JSON, name: str) -> str:
    """What the kubelet says that it runs; before it says anything, what the pod asks for."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    own = _container(statuses, name) if statuses else {}
    told = str(own.get("imageID") or "")
    if "@" in told:
        return _digest(told)
    return _digest(_container(pod["spec"]["containers"], name).get("image"))


def _container(containers: list[JSON], name: str) -> JSON:
    return next((c for c in containers if c.get("name") == name), containers[0])


def _digest(image: object) -> str:
    found = _DIGEST.search(str(image or ""))
    return found[0] if found else ""
