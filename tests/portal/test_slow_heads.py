"""A web server that real sockets talk to: who dribbles a head is closed, who sends too much reads why."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import uvicorn

from hmhp_portal.shedding import connections
from hmhp_portal.shedding.bodies import Bodies
from hmhp_portal.shedding.connections import PatientOnlySoLong
from hmhp_portal.shedding.lanes import Lane

HEAD_SECONDS = 0.5


def hello(environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "5")])
    return [b"hello"]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The product's protocol and one lane on a port of their own; heads may take half a second."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", HEAD_SECONDS)
    lane, bodies = Lane(hello, 2, 50, 50), Bodies(1000)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await lane(scope, receive, send, bodies)

    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    config = uvicorn.Config(application, http=PatientOnlySoLong, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def talk(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def asked(port: int) -> bytes:
    with talk(port) as quick:
        quick.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return quick.makefile("rb").read()


def test_header_time_limit_of_the_product_is_ten_seconds() -> None:
    assert connections.HEAD_SECONDS == 10.0


def test_head_that_dribbles_is_closed_while_others_are_answered(port: int) -> None:
    slow = [talk(port) for _ in range(50)]
    began = time.monotonic()
    for one in slow:
        one.sendall(b"GET / HTTP/1.1\r\nHost: loc")
    assert asked(port).endswith(b"hello")
    for one in slow:
        with one:
            assert one.recv(1) == b""
    assert HEAD_SECONDS * 0.8 < time.monotonic() - began < 10


def test_second_head_of_a_kept_connection_has_the_same_limit(port: int) -> None:
    with talk(port) as one:
        one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b"hello"):
            answer += one.recv(4096)
        one.sendall(b"GET / HT")
        assert one.recv(1) == b""


def test_sender_of_far_too_much_reads_413_each_time(port: int) -> None:
    for _ in range(20):
        with talk(port) as one:
            one.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n")
            one.sendall(b" " * 5_000_000)
            assert one.makefile("rb").readline().split()[1] == b"413"
