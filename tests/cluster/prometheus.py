"""A stand-in for Prometheus and for the visitors that it counts: no gateway moves requests here.

`visit` lets so many requests arrive, shared as the routes on the real API server say; the HTTP API
answers the driver's queries with what was counted, also several in one, told apart by a label.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from platforms.kubernetes import names
from tests.cluster.plane import ControlPlane

NAMED = re.compile(r'label_replace\(\(\n(.+?)\n\), "(\w+)", "(\w+)", "", ""\)')
BOUNDS = ("0.05", "0.1", "0.4", "+Inf")


class Prometheus:
    """Counters by namespace, component and slot."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.errors: Counter[tuple[str, str, str]] = Counter()
        self.failing: set[str] = set()
        """Slots that answer one request in five with an error."""
        self.uncounted: set[str] = set()
        """Slots whose requests are counted under no name that tells them."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def settings(self, namespace: str) -> dict[str, str]:
        """A target's `metrics`."""
        queries = {name: f"{name} {namespace}" for name in ("requests", "errors", "latency")}
        return {"url": f"http://127.0.0.1:{self._server.server_address[1]}", **queries}

    def visit(self, namespace: str, number: int = 400) -> None:
        """So many requests to every route of the namespace, and to every Service that is cut over."""
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"
        for route in self._plane.call("GET", path)["items"]:
            component = route["metadata"]["name"]
            refs = route["spec"]["rules"][0]["backendRefs"]
            total = sum(ref.get("weight", 1) for ref in refs) or 1
            for ref in refs:
                slot = ref["name"].removeprefix(f"{component}-")
                self._serve(namespace, component, slot, number * ref.get("weight", 1) // total)
        path = f"/api/v1/namespaces/{namespace}/services?labelSelector={names.ROLE}%3Dedge"
        for service in self._plane.call("GET", path)["items"]:
            slot = service["spec"]["selector"].get(names.SLOT, "")
            self._serve(namespace, service["metadata"]["name"], slot, number)

    def _serve(self, namespace: str, component: str, slot: str, number: int) -> None:
        if slot in self.uncounted:
            return
        self.requests[namespace, component, slot] += number
        self.errors[namespace, component, slot] += number // 5 if slot in self.failing else 0

    def evaluate(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query, or of several by names."""
        several = NAMED.findall(query)
        if not several:
            return self.answer(query)
        return [
            {**row, "metric": row["metric"] | {label: name}}
            for part, label, name in several
            for row in self.answer(part)
        ]

    def answer(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query."""
        what, _, namespace = query.partition(" ")
        rows = []
        for (where, component, slot), count in self.requests.items():
            if where != namespace:
                continue
            labels = {"component": component, "slot": slot}
            if what == "latency":
                rows += [{"metric": {**labels, "le": bound}, "value": [0, str(count)]} for bound in BOUNDS]
            else:
                value = count if what == "requests" else self.errors[where, component, slot]
                rows.append({"metric": labels, "value": [0, str(value)]})
        return rows

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # connections are kept, as Prometheus keeps them
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)["query"][0]
                data = {"resultType": "vector", "result": outer.evaluate(query)}
                body = json.dumps({"status": "success", "data": data}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                return

        return Handler
