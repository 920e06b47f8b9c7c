"""Visitors of the example platform on a cluster: they come through the API server, and count what they get.

`python examples/cluster_visitors.py --cluster FILE [--rate 20]`. No gateway of the reader's cluster is known
to be reachable from here, so each visitor asks a Service of the edge component through the API server's
proxy: where a route shares traffic, that of a colour, as often as the route says; without one, the Service
that is cut over. What each colour answered is told at `/api/v1/query` in the form of Prometheus' HTTP API,
which is what the portal reads; it is cumulative while this process lives. Ends with SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.cluster import EDGE, places
from platforms.base import PlatformError
from platforms.kubernetes import names
from platforms.kubernetes.api import Api
from platforms.kubernetes.connection import Connection, connection_of
from platforms.kubernetes.settings import ClusterSettings

PATHS = ("/", "/", "/", "/api/slots")
SECONDS = 10.0
AT_ONCE = 8
LOOK_SECONDS = 0.5
BOUNDS = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, float("inf"))
OF_THE_SERVER = frozenset({401, 403, 404, 429})
"""Answers that the API server gives itself: no visitor came as far as the platform."""

QUERY = re.compile(r'visitors_(requests|errors|latency)\{namespace="([a-z0-9-]+)"\}')


class Tally:
    """What each colour of one namespace answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.within: Counter[tuple[str, float]] = Counter()

    def count(self, slot: str, failed: bool, seconds: float) -> None:
        """One request."""
        with self._lock:
            self.requests[slot] += 1
            self.errors[slot] += failed
            for bound in BOUNDS:
                self.within[slot, bound] += seconds <= bound

    def rows(self, what: str) -> list[dict[str, Any]]:
        """The rows of a query's answer."""
        with self._lock:
            if what == "latency":
                return [_row(slot, n, le=_bound(bound)) for (slot, bound), n in self.within.items()]
            counted = self.requests if what == "requests" else self.errors
            return [_row(slot, counted[slot]) for slot in self.requests]


class Region:
    """The stream of visitors to one namespace."""

    def __init__(self, connection: Connection, namespace: str, gateway: bool, rate: float) -> None:
        self.namespace, self.tally = namespace, Tally()
        self._connection, self._api = connection, Api(connection, 5.0)
        self._gateway, self._pause = gateway, AT_ONCE / rate
        self._shares: dict[str, int] = {}

    def start(self, ending: threading.Event) -> None:
        """Follow the shares and send visitors until told to end."""
        work = [self._follow] + [self._visit] * AT_ONCE
        for each in work:
            threading.Thread(target=each, args=(ending,), daemon=True).start()

    def _follow(self, ending: threading.Event) -> None:
        while not ending.wait(LOOK_SECONDS):
            try:
                self._shares = self._look()
            except PlatformError:
                continue  # the visitors go where they went; the portal says what is wrong

    def _look(self) -> dict[str, int]:
        """Service to share, as the cluster says it now."""
        if not self._gateway:
            service = self._api.find(names.SERVICE.path(self.namespace, EDGE))
            return {EDGE: 100} if service else {}
        route = self._api.find(names.ROUTE.path(self.namespace, EDGE))
        refs = route["spec"]["rules"][0]["backendRefs"] if route else []
        return {ref["name"]: int(ref.get("weight", 1)) for ref in refs if ref.get("weight", 1)}

    def _visit(self, ending: threading.Event) -> None:
        ending.wait(random.random() * self._pause)
        while not ending.wait(self._pause):
            shares = self._shares
            if shares:
                (service,) = random.choices(list(shares), weights=list(shares.values()))
                self._ask(service)

    def _ask(self, service: str) -> None:
        proxy = f"/api/v1/namespaces/{self.namespace}/services/{service}:http/proxy"
        slot, began = service.removeprefix(f"{EDGE}-"), time.monotonic()
        try:
            answer = self._connection.pool.request(
                "GET", f"{self._connection.host}{proxy}{random.choice(PATHS)}",
                headers=self._connection.headers(), timeout=urllib3.Timeout(SECONDS), retries=False,
            )  # fmt: skip
        except urllib3.exceptions.ReadTimeoutError:
            self.tally.count(slot, True, SECONDS)
            return
        except (urllib3.exceptions.HTTPError, OSError):
            return  # the API server is away; of the platform that says nothing
        if answer.status == 401:
            self._connection.open()
        # The colour that answered says so; where nobody did, the share that was chosen has failed.
        slot = answer.headers.get("X-Slot") or (slot if service != EDGE else self._cut_over_to())
        if slot and ("X-Slot" in answer.headers or answer.status not in OF_THE_SERVER):
            self.tally.count(slot, answer.status >= 500, time.monotonic() - began)

    def _cut_over_to(self) -> str:
        """The colour that the Service leads to."""
        try:
            service = self._api.get(names.SERVICE.path(self.namespace, EDGE))
        except PlatformError:
            return ""
        return str((service["spec"].get("selector") or {}).get(names.SLOT) or "")


def _row(slot: str, value: float, **labels: str) -> dict[str, Any]:
    metric = {"component": EDGE, "slot": slot, **labels}
    return {"metric": metric, "value": [time.time(), str(value)]}


def _bound(seconds: float) -> str:
    return "+Inf" if seconds == float("inf") else str(seconds)


def answers(regions: Mapping[str, Region]) -> type[BaseHTTPRequestHandler]:
    """The handler that tells the portal what was counted."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = QUERY.fullmatch(parse_qs(parts.query).get("query", [""])[0])
            if parts.path != "/api/v1/query" or asked is None or asked[2] not in regions:
                self._send(404, {"status": "error", "error": "only what the visitors counted is told here"})
                return
            result = regions[asked[2]].tally.rows(asked[1])
            self._send(200, {"status": "success", "data": {"resultType": "vector", "result": result}})

        def _send(self, status: int, told: Mapping[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The portal asks each second."""

    return Handler


def main() -> int:
    """Until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description="Send a gentle stream of visitors through an API server.")
    parser.add_argument("--cluster", type=Path, required=True, help="cluster.json of the demo's data folder")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second to each (default: 20)")
    options = parser.parse_args()
    if not 0.1 <= options.rate <= 500:
        parser.error("--rate must be between 0.1 and 500 requests a second")
    settled = json.loads(options.cluster.read_text())
    connection = connection_of(
        ClusterSettings("", kubeconfig=settled["kubeconfig"], context=settled["context"])
    )
    spaces = [name for (where, _), name in places(settled["prefix"]).items() if where == "production"]
    regions = {name: Region(connection, name, bool(settled["gateway"]), options.rate) for name in spaces}
    ending = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", settled["port"]), answers(regions))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for region in regions.values():
        region.start(ending)
    ending.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
