"""Counters of Prometheus: what belongs together is asked as one, and singly where that is not understood."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from platforms.base import PlatformUnavailable
from platforms.kubernetes import metrics
from platforms.kubernetes.settings import Metrics
from tests.cluster.prometheus import NAMED

Answer = Callable[[str], tuple[int, Any]]
LABELS = {"component": "web", "slot": "green"}


class Server:
    """Speaks the HTTP API of Prometheus; `answer` tells the status and the rows, or the error, of a query."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Answer = lambda query: (200, one(query))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.settings = Metrics(url, "requests", "errors", "latency", "")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)["query"][0]
                outer.asked.append(query)
                status, told = outer.answer(query)
                body = {"status": "success", "data": {"result": told}}
                if status != 200:
                    body = {"status": "error", "error": told}
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *args: object) -> None:
                return

        return Handler


def row(value: int, **labels: str) -> dict[str, Any]:
    return {"metric": {**LABELS, **labels}, "value": [0, str(value)]}


def one(query: str) -> list[dict[str, Any]]:
    """The answer of one query."""
    if query == "latency":
        return [row(90, le="0.1"), row(100, le="+Inf")]
    return [row(100 if query == "requests" else 3)]


def several(query: str) -> list[dict[str, Any]]:
    """The answer of a server that evaluates what it is asked."""
    parts = NAMED.findall(query)
    return [
        {**found, "metric": found["metric"] | {label: name}}
        for part, label, name in parts
        for found in one(part)
    ] or one(query)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def counted(server: Server) -> tuple[int, int, dict[float, int]]:
    (found,) = metrics.edges(server.settings, ["web"])
    return found.requests, found.errors, dict(found.latency_ms)


WHOLE = (100, 3, {100.0: 90, float("inf"): 100})


def test_requests_errors_and_latencies_come_in_one_answer(server: Server) -> None:
    server.answer = lambda query: (200, several(query))
    assert counted(server) == WHOLE
    assert len(server.asked) == 1


@pytest.mark.parametrize("no", [(400, "parse error"), (200, [row(100)]), (200, [])])
def test_server_that_does_not_take_several_queries_is_asked_singly_from_then_on(
    server: Server, no: tuple[int, Any]
) -> None:
    server.answer = lambda query: no if " or " in query else (200, one(query))
    assert counted(server) == WHOLE
    assert len(server.asked) == 4
    assert counted(server) == WHOLE
    assert len(server.asked) == 7


def test_what_is_wrong_with_a_query_is_told_of_that_query(server: Server) -> None:
    server.answer = lambda query: (400, "no such function") if "latency" in query else (200, one(query))
    with pytest.raises(PlatformUnavailable, match="Prometheus answers 400: no such function"):
        counted(server)
    server.answer = lambda query: (200, several(query))
    assert counted(server) == WHOLE, "it takes several queries: nothing has shown otherwise"


def test_colour_that_served_nothing_yet_has_no_counters(server: Server) -> None:
    server.answer = lambda query: (200, [])
    assert metrics.edges(server.settings, ["web"]) == ()
