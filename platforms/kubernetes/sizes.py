"""How many pods a colour gets: never fewer than the one that serves, and nothing shrinks in a shift.

Replicas are no part of a content. Green starts with blue's size; autoscalers of both keep their
minimum at the size of that moment until the shift is over.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.calendar import size_at
from platforms.kubernetes.refusals import Conflict, Missing
from platforms.kubernetes.target import Target, label, notes

JSON = dict[str, Any]
FLOOR = f"{names.DOMAIN}/autoscaler-minimum"
"""What an autoscaler's minimum is again after the shift."""


def serving_sizes(target: Target, weights: Mapping[str, int]) -> dict[str, int]:
    """By component, the largest size among the colours that have weight."""
    found: dict[str, int] = {}
    for item in target.objects(names.DEPLOYMENT):
        if label(item, names.ROLE) != "serve" or not weights.get(label(item, names.SLOT)):
            continue
        component, replicas = label(item, names.COMPONENT), int(item["spec"].get("replicas") or 0)
        if replicas > found.get(component, 0):
            found[component] = replicas
    return found


def pinned(item: JSON, live: JSON | None, sizes: Mapping[str, int]) -> JSON:
    """The object with its size: of the one that is there, else of what serves, else its own.

    Workers start with none and schedules stand still: background work is handed over, not begun.
    """
    found = copy.deepcopy(item)
    component = label(item, names.COMPONENT)
    if item["kind"] == "Deployment":
        found["spec"]["replicas"] = _replicas(item, live, sizes.get(component, 0))
    elif item["kind"] == "CronJob":
        found["spec"]["suspend"] = bool(live["spec"].get("suspend")) if live else True
    else:
        least = int(item["spec"].get("minReplicas") or 1)
        found["metadata"].setdefault("annotations", {})[FLOOR] = str(least)
        found["spec"]["minReplicas"] = min(
            max(least, sizes.get(component, 0)), int(item["spec"]["maxReplicas"])
        )
    return found


def pin_serving(target: Target, weights: Mapping[str, int], sizes: Mapping[str, int]) -> None:
    """Keep the serving colours as large as they are, however much traffic leaves them."""
    for item in _autoscalers(target):
        component = label(item, names.COMPONENT)
        if not weights.get(label(item, names.SLOT)) or component not in sizes:
            continue
        floor = min(sizes[component], int(item["spec"]["maxReplicas"]))
        if int(item["spec"].get("minReplicas") or 1) < floor:
            _set_minimum(target, item, floor)


def release(target: Target, slot: str) -> None:
    """Let the autoscaler of a colour that has all traffic follow its load again."""
    for item in _autoscalers(target):
        floor = notes(item).get(FLOOR)
        if (
            label(item, names.SLOT) == slot
            and floor
            and int(item["spec"].get("minReplicas") or 1) != int(floor)
        ):
            _set_minimum(target, item, int(floor))


def resize(target: Target, weights: Mapping[str, int], background: str | None, now: datetime) -> list[str]:
    """Have the size of that moment in the colours that work; the names of the Deployments that were changed.

    An autoscaler gets its minimum, a Deployment without one its replicas. Only those with times are touched.
    """
    changed = []
    scalers = {item["metadata"]["name"]: item for item in _autoscalers(target)}
    for item in target.objects(names.DEPLOYMENT):
        times, slot = json.loads(notes(item).get(names.TIMES) or "[]"), label(item, names.SLOT)
        works = slot == background if label(item, names.ROLE) == "work" else bool(weights.get(slot))
        if not times or not works:
            continue
        name = item["metadata"]["name"]
        wanted = size_at(times, now, int(notes(item).get(names.SIZE) or 1))
        if name in scalers:
            if int(scalers[name]["spec"].get("minReplicas") or 1) != wanted:
                _set_minimum(target, scalers[name], wanted)
                changed.append(name)
        elif int(item["spec"].get("replicas") or 0) != wanted:
            body = {"spec": {"replicas": wanted}}
            target.watch(names.DEPLOYMENT).put(
                target.api.merge(names.DEPLOYMENT, target.namespace, name, body)
            )
            changed.append(name)
    return changed


def _replicas(item: JSON, live: JSON | None, serving: int) -> int:
    if live is not None:
        return int(live["spec"].get("replicas") or 0)
    if label(item, names.ROLE) == "work":
        return 0
    own = int(notes(item).get(names.SIZE) or 1)
    return max(own, serving)


def _autoscalers(target: Target) -> list[JSON]:
    found: list[JSON] = target.api.list(names.AUTOSCALER, target.namespace, target.selector)["items"]
    return found


def _set_minimum(target: Target, item: JSON, least: int) -> None:
    metadata = {"resourceVersion": item["metadata"]["resourceVersion"]}
    floor = notes(item).get(FLOOR) or str(item["spec"].get("minReplicas") or 1)
    body = {"metadata": {**metadata, "annotations": {FLOOR: floor}}, "spec": {"minReplicas": least}}
    try:
        target.api.merge(names.AUTOSCALER, target.namespace, item["metadata"]["name"], body)
    except (Conflict, Missing):
        return  # somebody else sizes it at this moment; the next switch looks again
