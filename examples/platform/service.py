"""What the three HTTP services share: answering, asking each other, and behaving as told.

A service is a table of paths and functions. `release.json` in the artefact, or EXAMPLE_RELEASE where the
image is everybody's, names the component, its version and how it behaves (`fail_percent`, `delay_ms`,
`healthy`), which is how the same source makes good releases and bad ones. Standard library only.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RELEASE: Mapping[str, Any] = json.loads(
    os.environ.get("EXAMPLE_RELEASE") or Path(__file__).with_name("release.json").read_text()
)
BEHAVIOUR: Mapping[str, Any] = RELEASE.get("behaviour", {})
LAST_SECONDS = 5.0
"""How long requests in hand may take after SIGTERM."""

Answer = tuple[int, str, bytes]
"""Status, content type, body."""

Route = Callable[[Mapping[str, str]], Answer]
"""Takes the headers that are carried on to other services."""


class Unreachable(Exception):
    """Another service of the colour gave no good answer."""


def as_json(value: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return status, "application/json", json.dumps(value).encode()


class _Peers(threading.local):
    """One kept connection per thread and service."""

    def __init__(self) -> None:
        self.connections: dict[str, http.client.HTTPConnection] = {}


_peers = _Peers()


def ask(service: str, path: str, carried: Mapping[str, str]) -> Any:
    """JSON from another service of the same colour, at the address that the target handed in.

    Raises Unreachable. A kept connection that proves dead is tried once more on a new one.
    """
    variable = f"{service.upper().replace('-', '_')}_URL"
    place = os.environ[variable].removeprefix("http://")
    for last in (False, True):
        connection = _peers.connections.setdefault(service, http.client.HTTPConnection(place, timeout=10))
        try:
            connection.request("GET", path, headers=dict(carried))
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if last:
                raise Unreachable(f"{service} does not answer: {error}") from error
            continue
        if answer.status != 200:
            raise Unreachable(f"{service} answers {answer.status} on {path}")
        return json.loads(body)
    raise AssertionError("the second try answers or raises")


class _Counter:
    """Says which requests fail, evenly: at 8 % two of every twenty-five."""

    def __init__(self, percent: float) -> None:
        self._percent = percent
        self._seen = 0
        self._lock = threading.Lock()

    def fails(self) -> bool:
        with self._lock:
            self._seen += 1
            now, before = self._seen * self._percent // 100, (self._seen - 1) * self._percent // 100
        return now > before


_counter = _Counter(BEHAVIOUR.get("fail_percent", 0))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = 60
    disable_nagle_algorithm = True
    routes: Mapping[str, Route] = {}
    in_hand = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            type(self).in_hand += 1
        try:
            self._send(*self._answer())
        finally:
            with self.lock:
                type(self).in_hand -= 1

    def _answer(self) -> Answer:
        path = self.path.partition("?")[0]
        if path == "/healthz":
            return as_json({"version": RELEASE["version"]}, 200 if BEHAVIOUR.get("healthy", True) else 503)
        route = self.routes.get(path)
        if route is None:
            return as_json({"error": "not found"}, 404)
        if BEHAVIOUR.get("delay_ms"):
            time.sleep(BEHAVIOUR["delay_ms"] / 1000)
        if _counter.fails():
            print(f"error {self.path}: this release loses a booking now and then", flush=True)
            return as_json({"error": "internal error"}, 500)
        carried = {name: self.headers[name] for name in ("traceparent", "tracestate") if name in self.headers}
        try:
            return route(carried)
        except Unreachable as error:
            print(f"error {self.path}: {error}", flush=True)
            return as_json({"error": str(error)}, 502)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Slot", os.environ.get("SLOT", ""))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are counted at the edge; here only what went wrong is said."""

    def log_error(self, format: str, *args: object) -> None:
        """A kept connection that idles out is no error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(routes: Mapping[str, Route]) -> None:
    """Answer on PORT (at LISTEN, this machine alone where nothing says more) until SIGTERM, then end."""
    _Handler.routes = routes
    server = _Server((os.environ.get("LISTEN", "127.0.0.1"), int(os.environ["PORT"])), _Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(
        f"{RELEASE['component']} {RELEASE['version']} serves {os.environ.get('SLOT', '')} "
        f"in {os.environ.get('REGION', '')}",
        flush=True,
    )
    server.serve_forever(poll_interval=0.1)
    deadline = time.monotonic() + LAST_SECONDS
    while _Handler.in_hand and time.monotonic() < deadline:
        time.sleep(0.02)
    sys.stdout.flush()
    os._exit(0)  # kept connections have threads that would wait for their next request
