"""One target as every part of the driver works on it: where it is, its watches, its fence.

The fence lies on the target's state, a ConfigMap, under its resourceVersion; a lower one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from platforms.base import PlatformRefused, PlatformUnavailable
from platforms.kubernetes import names
from platforms.kubernetes.api import Api
from platforms.kubernetes.cache import HOLDER, WRITERS, Watched, watched
from platforms.kubernetes.connection import connection_of
from platforms.kubernetes.names import Kind
from platforms.kubernetes.refusals import Conflict, Missing
from platforms.kubernetes.settings import ClusterSettings

JSON = dict[str, Any]
MOMENT_SECONDS = 0.25
"""So long an answer of the API server stands for its being there, and for what it has said."""

ATTEMPTS = 8
"""So often a write whose object was changed in between is tried anew, each time from what is there."""


class Target:
    """One environment in one region: a namespace of a cluster."""

    def __init__(self, environment: str, region: str, settings: ClusterSettings) -> None:
        self.environment, self.region, self.settings = environment, region, settings
        self.namespace = settings.namespace
        self.api = Api(connection_of(settings), settings.timeout_seconds)

    @property
    def labels(self) -> dict[str, str]:
        """What everything of ours here carries; nothing without them is ever touched."""
        return {names.MANAGED_BY: names.FIELD_MANAGER, names.ENVIRONMENT: self.environment}

    @property
    def selector(self) -> str:
        """The same as a label selector."""
        return ",".join(f"{key}={value}" for key, value in self.labels.items())

    @property
    def state_name(self) -> str:
        """The ConfigMap that holds fence, wanted weights and background."""
        return names.short(f"hmhp-{self.environment}")

    def watch(self, kind: Kind) -> Watched:
        """The watch of our objects of that kind."""
        key = self.settings.connection_key
        return watched(self.api, key, kind, self.namespace, self.selector)

    def objects(self, kind: Kind) -> list[JSON]:
        """Our objects of that kind as the watch has them."""
        return self.watch(kind).objects(self.settings.timeout_seconds)

    def state(self) -> JSON | None:
        """The state as it is now, asked anew: it also tells that the API server answers."""
        return self.api.find(names.CONFIG_MAP.path(self.namespace, self.state_name))

    def state_now(self) -> JSON | None:
        """The state as it is now, or as the API server has answered with it a moment ago."""
        return self.watch(names.CONFIG_MAP).just_put(self.state_name, MOMENT_SECONDS) or self.state()

    def take(self, fence: int, change: Callable[[dict[str, str]], None] | None = None) -> JSON:
        """Remember this fence, and change the state's data with it; refused when a higher one was seen.

        Written only when something differs. What the watch has seen is good enough to write over, since the
        write names its version; where nothing is to be written the state is asked anew. Raises
        PlatformRefused (`fence`).
        """
        found = self._seen_state()
        if found is None or fence_of(found) > fence or self._wanted(found, fence, change) == found:
            found = self.state()
        for _ in range(ATTEMPTS):
            seen = fence_of(found)
            if seen > fence:
                raise PlatformRefused("fence", f"Fence {seen} was seen in {self.region}; {fence} is too old.")
            wanted = self._wanted(found, fence, change)
            if found is not None and wanted == found:
                return found
            try:
                if found is None:
                    made = self.api.create(names.CONFIG_MAP, self.namespace, wanted)
                else:
                    made = self.api.replace(names.CONFIG_MAP, self.namespace, wanted)
            except (Conflict, Missing):
                found = self.state()
                continue
            self.watch(names.CONFIG_MAP).put(made)
            return made
        raise PlatformUnavailable(f"The state of {self.region} is being changed by others.", 1.0)

    def _seen_state(self) -> JSON | None:
        """The state as the watch has it, in the form in which it can be written."""
        found = self.watch(names.CONFIG_MAP).named(self.state_name, self.settings.timeout_seconds)
        if found is None:
            return None
        kept = {key: value for key, value in found["metadata"].items() if key not in (WRITERS, HOLDER)}
        return {**found, "metadata": kept}

    def _wanted(self, found: JSON | None, fence: int, change: Any) -> JSON:
        body: JSON = json.loads(json.dumps(found)) if found else {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self.state_name, "labels": {**self.labels, names.ROLE: "state"}},
            "data": {},
        }  # fmt: skip
        body["metadata"].setdefault("annotations", {})[names.FENCE] = str(fence)
        data: dict[str, str] = body.setdefault("data", {})
        if change is not None:
            body["metadata"]["annotations"].pop(names.MARK, None)  # a new wish follows the act, or undoes it
            change(data)
        return body


def fence_of(state: JSON | None) -> int:
    """The highest fence that a state has seen."""
    return int(notes(state or {}).get(names.FENCE) or 0)


def notes(item: JSON) -> Mapping[str, str]:
    """An object's annotations."""
    found: Mapping[str, str] = (item.get("metadata") or {}).get("annotations") or {}
    return found


def label(item: JSON, key: str) -> str:
    """One label of an object, empty when it has none."""
    return str(((item.get("metadata") or {}).get("labels") or {}).get(key) or "")


def own_container(pod: JSON, component: str) -> str:
    """The name of the container that runs the component's artefact, in a pod or a template of pods.

    As a team's own pod says it; else it is named like the component, or stands alone.
    """
    told = notes(pod).get(names.DEFAULT_CONTAINER) or component
    there = [str(container.get("name")) for container in pod["spec"]["containers"]]
    return told if told in there else there[0]


def wanted_weights(state: JSON | None) -> dict[str, int]:
    """The weights of the last switch."""
    found = json.loads(((state or {}).get("data") or {}).get("weights") or "{}")
    return {str(slot): int(weight) for slot, weight in found.items()}


def wanted_background(state: JSON | None) -> str | None:
    """The slot that the last switch wants to do the background work."""
    return ((state or {}).get("data") or {}).get("background") or None
