"""Visitors that never stop, for `bench kubernetes`: so many requests a second, shared as the routes say.

A stand-in for the gateway and for Prometheus together: nothing can move requests here. What each colour
served is counted up to the very moment at which it is asked for.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from typing import Any

import urllib3

from tests.cluster.plane import ControlPlane
from tests.cluster.prometheus import Prometheus

RATE = 20_000
"""Requests a second at every edge component: so many that no verdict without a bake waits for more."""

ROUTES = "/apis/gateway.networking.k8s.io/v1/httproutes"


class Visitors(Prometheus):
    """Follows all routes by one watch and counts by the clock."""

    def __init__(self, plane: ControlPlane) -> None:
        self._shares: dict[tuple[str, str], dict[str, int]] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._rest: dict[tuple[str, str, str], float] = defaultdict(float)
        self._counting = threading.Lock()
        self._ending = threading.Event()
        super().__init__(plane)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Nobody comes any more."""
        self._ending.set()
        super().close()

    def answer(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query, counted until now."""
        namespace = query.partition(" ")[2]
        with self._counting:
            for route in [route for route in self._shares if route[0] == namespace]:
                self._count(route)
            return super().answer(query)

    def _count(self, route: tuple[str, str]) -> None:
        """Let in who came since the last time, by the shares that were in force."""
        now = time.monotonic()
        came = RATE * (now - self._since[route])
        self._since[route] = now
        for slot, share in self._shares[route].items():
            whole, self._rest[*route, slot] = divmod(self._rest[*route, slot] + came * share / 100, 1)
            self.requests[*route, slot] += int(whole)

    def _follow(self) -> None:
        while not self._ending.is_set():
            try:
                found = self._plane.call("GET", ROUTES)
                for item in found["items"]:
                    self._seen(item)
                version = found["metadata"]["resourceVersion"]
                for line in self._plane.stream(f"{ROUTES}?watch=true&resourceVersion={version}"):
                    event = json.loads(line)
                    if event["type"] in ("ADDED", "MODIFIED"):
                        self._seen(event["object"])
            except (urllib3.exceptions.HTTPError, OSError, ValueError, KeyError, AssertionError):
                self._ending.wait(0.2)

    def _seen(self, item: dict[str, Any]) -> None:
        """New shares count from this moment on."""
        name = item["metadata"]["name"]
        route = (item["metadata"]["namespace"], name)
        refs = item["spec"]["rules"][0]["backendRefs"]
        total = sum(ref.get("weight", 1) for ref in refs) or 1
        with self._counting:
            if route in self._shares:
                self._count(route)
            self._since[route] = time.monotonic()
            self._shares[route] = {
                ref["name"].removeprefix(f"{name}-"): 100 * ref.get("weight", 1) // total for ref in refs
            }
