"""Who of the cluster's people holds the portal: the annotation `hold`, on the namespace or on ours.

In comes a target with what its watches know, out goes a sentence. The namespace is asked for at most every
NAMESPACE_SECONDS in a process: a Role cannot grant a watch of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from platforms.base import PlatformRefused
from platforms.kubernetes import names
from platforms.kubernetes.cache import HOLDER, writer_of
from platforms.kubernetes.refusals import Missing
from platforms.kubernetes.target import Target, notes

JSON = dict[str, Any]
NAMESPACE_SECONDS = 2.0
MOST_LETTERS = 300

_asked: dict[tuple[tuple[str, ...], str], tuple[float, JSON]] = {}
_lock = threading.Lock()


def held(target: Target, objects: Iterable[JSON | None]) -> str:
    """Which annotation holds, what it says and who put it there; empty when none does."""
    for item in (_namespace(target), *objects):
        if item is not None and names.HOLD in notes(item):
            return _sentence(item)
    return ""


def _sentence(item: JSON) -> str:
    why = " ".join(notes(item)[names.HOLD].split())[:MOST_LETTERS]
    writer = item["metadata"].get(HOLDER) or writer_of(item, names.HOLD)
    by = f", put there with {writer['manager']} at {writer['time']}" if writer else ""
    says = f"says “{why}”" if why else "gives no reason"
    kind = item.get("kind") or "object"
    return f"the annotation {names.HOLD} on the {kind} {item['metadata']['name']} {says}{by}"


def _namespace(target: Target) -> JSON | None:
    key = (target.settings.connection_key, target.namespace)
    now = time.monotonic()
    with _lock:
        known = _asked.get(key)
    if known is not None and now - known[0] < NAMESPACE_SECONDS:
        return known[1]
    try:
        found = target.api.get(f"/api/v1/namespaces/{target.namespace}")
    except Missing:
        found = {}  # told by everything else that is asked of it
    except PlatformRefused:
        return None  # without that right nothing on the namespace can be seen; preflight says so
    with _lock:
        _asked[key] = (now, found)
    return found
