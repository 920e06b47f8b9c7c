"""New output of a colour's pods. A line's position is its time at the kubelet, in nanoseconds.

Called by the driver; pods that cannot be asked are left out, their output comes with the next look.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from platforms.base import PlatformError
from platforms.kubernetes import names, together
from platforms.kubernetes.adopting.pods import of_all_colours
from platforms.kubernetes.target import Target, label, own_container

JSON = dict[str, Any]
Line = tuple[str, int, str]
MOST_PODS = 6
MOST_LINES = 200
MOST_BYTES = 64 * 1024


def new_lines(target: Target, slot: str, after: Mapping[str, int]) -> list[Line]:
    """Lines that came after the position known of each component, oldest first."""
    pods = [(pod, label(pod, names.COMPONENT)) for pod in _pods(target, slot)[:MOST_PODS]]
    read = together.each(partial(_read, target, pod, name, after.get(name, 0)) for pod, name in pods)
    found = [line for lines in read for line in lines]
    return _unique(sorted(found, key=lambda line: (line[0], line[1])))


def _pods(target: Target, slot: str) -> list[JSON]:
    """One pod of each component first, the newest: it is the one that tells what is new."""
    running = [
        pod
        for pod in of_all_colours(target)
        if label(pod, names.SLOT) == slot
        and label(pod, names.ROLE) != "job"
        and (pod.get("status") or {}).get("phase") in ("Running", "Succeeded", "Failed")
    ]
    newest: dict[str, JSON] = {}
    for pod in sorted(running, key=lambda p: str(p["metadata"]["creationTimestamp"])):
        newest[label(pod, names.COMPONENT)] = pod
    return list(newest.values())


def _read(target: Target, pod: JSON, component: str, after: int) -> list[Line]:
    query: dict[str, Any] = {"timestamps": "true", "limitBytes": MOST_BYTES, "tailLines": MOST_LINES}
    if after:
        query["sinceTime"] = datetime.fromtimestamp(after // 1_000_000_000, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    query["container"] = own_container(pod, component)
    try:
        text = target.api.text(names.POD.path(target.namespace, pod["metadata"]["name"]) + "/log", **query)
    except PlatformError:
        return []
    found = []
    for line in text.splitlines():
        when, _, words = line.partition(" ")
        position = _nanoseconds(when)
        if position is not None and position > after:
            found.append((component, position, words))
    return found


def _nanoseconds(when: str) -> int | None:
    """`2026-11-03T09:00:00.123456789Z` as nanoseconds since 1970."""
    seconds, _, fraction = when.rstrip("Z").partition(".")
    try:
        whole = int(datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp())
        return whole * 1_000_000_000 + int((fraction or "0").ljust(9, "0")[:9])
    except ValueError:
        return None


def _unique(lines: list[Line]) -> list[Line]:
    """Positions only grow within a component, also where two lines came at one moment."""
    found: list[Line] = []
    last: dict[str, int] = {}
    for component, position, text in lines:
        position = max(position, last.get(component, 0) + 1)
        last[component] = position
        found.append((component, position, text))
    return found
