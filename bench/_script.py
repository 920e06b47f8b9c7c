"""What a careful person would script by hand, for `bench kubernetes` to stand beside.

The same objects, applied one after the other over one kept connection; waits for what is observed, never
for a time; each weight is waited for until the gateway has accepted it; workers and schedules are handed
over as a run hands them over, so that both end in the same state. No checks, no verdict, no record: what
those cost is the difference.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

ROUTES = "gateway.networking.k8s.io/v1/httproutes"
WEIGHTS = (25, 50, 100)


class Script:
    """One namespace with blue in service; `run` brings green."""

    def __init__(self, space: Any) -> None:
        self.space, self.calls = space, 0

    def blue(self, content: dict[str, Any]) -> None:
        """Have blue serve; not measured."""
        self._apply(self._objects(content, "blue"))
        self._wait(lambda: self._ready("blue"))
        self._route(0)
        self._background("blue", work=True)
        self._wait(lambda: self._ready("blue"))

    def run(self, content: dict[str, Any]) -> tuple[float, float]:
        """Bring green: seconds in all, and how many of them the hand-over of background work took."""
        objects = self._objects(content, "green")
        self.calls, began = 0, time.monotonic()
        self._apply(objects)
        self._wait(lambda: self._ready("green"))
        for weight in WEIGHTS:
            self._route(weight)
        handing = time.monotonic()
        self._background("blue", work=False)
        self._wait(lambda: not self._working("blue"))
        self._background("green", work=True)
        self._wait(lambda: self._ready("green"))
        ended = time.monotonic()
        return ended - began, ended - handing

    def _objects(self, content: dict[str, Any], slot: str) -> list[dict[str, Any]]:
        """A colour's objects as a run applies them: background work stands still until it is handed over."""
        from platforms.kubernetes import names

        found = []
        for component, items in content["objects"][self.space.environment].items():
            background = content["components"][component]["kind"] != "http"
            for item in items:
                text = json.dumps(item).replace(names.SLOT_PLACEHOLDER, slot)
                made = json.loads(text.replace(names.RELEASE_PLACEHOLDER, "v1"))
                if made["kind"] == "CronJob":
                    made["spec"]["suspend"] = True
                elif made["kind"] == "Deployment":
                    made["spec"]["replicas"] = 0 if background else 1
                found.append(made)
        return found

    def _apply(self, objects: list[dict[str, Any]]) -> None:
        from platforms.kubernetes import names

        for item in objects:
            self._send(names.kind_of(item), item)

    def _route(self, weight: int) -> None:
        from platforms.kubernetes import names

        refs = [
            {"name": f"web-{slot}", "port": 8080, "weight": share}
            for slot, share in (("green", weight), ("blue", 100 - weight))
        ]
        rules = [{"backendRefs": refs}]
        body = {"apiVersion": names.ROUTE.api_version, "kind": "HTTPRoute", "metadata": {"name": "web"},
                "spec": {"parentRefs": [{"name": "edge"}], "rules": rules}}  # fmt: skip
        self._send(names.ROUTE, body)
        self._wait(self._taken)

    def _background(self, slot: str, *, work: bool) -> None:
        merge = "application/merge-patch+json"
        root = f"namespaces/{self.space.name}"
        replicas, suspend = {"spec": {"replicas": int(work)}}, {"spec": {"suspend": not work}}
        self._call("PATCH", f"/apis/apps/v1/{root}/deployments/mailer-{slot}", replicas, merge)
        self._call("PATCH", f"/apis/batch/v1/{root}/cronjobs/reminders-{slot}", suspend, merge)

    def _send(self, kind: Any, body: dict[str, Any]) -> None:
        path = kind.path(self.space.name, body["metadata"]["name"]) + "?fieldManager=script&force=true"
        self._call("PATCH", path, body, "application/apply-patch+yaml")

    def _ready(self, slot: str) -> bool:
        found = self._get("apps/v1/deployments")
        return all(_rolled_out(item) for item in found if item["metadata"]["name"].endswith(f"-{slot}"))

    def _working(self, slot: str) -> list[str]:
        names = [item["metadata"]["name"] for item in self._get("v1/pods")]
        return [name for name in names if name.startswith(f"mailer-{slot}-")]

    def _taken(self) -> bool:
        """Has the gateway accepted the route in the form in which it stands?"""
        (route,) = self._get(ROUTES)
        parents = route.get("status", {}).get("parents", [])
        told = [condition for parent in parents for condition in parent["conditions"]]
        now = route["metadata"]["generation"]
        return bool(told) and all(c["observedGeneration"] == now and c["status"] == "True" for c in told)

    def _get(self, path: str) -> list[dict[str, Any]]:
        self.calls += 1
        found: list[dict[str, Any]] = self.space.get(path)["items"]
        return found

    def _call(self, method: str, path: str, body: Any, media: str) -> None:
        self.calls += 1
        self.space.plane.call(method, path, body, media)

    def _wait(self, reached: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                raise SystemExit(f"the script waits in vain in {self.space.name}")
            time.sleep(0.02)


def _rolled_out(deployment: dict[str, Any]) -> bool:
    """As `kubectl rollout status` asks."""
    status, wanted = deployment.get("status") or {}, deployment["spec"]["replicas"]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return bool(
        seen and status.get("updatedReplicas", 0) >= wanted and status.get("availableReplicas", 0) >= wanted
    )
