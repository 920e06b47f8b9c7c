"""The doors of the web process: bodies, lanes and sockets refuse early, and steering has its own way."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from hmhp_portal.shedding import bodies as body_limits
from hmhp_portal.shedding.bodies import Bodies
from hmhp_portal.shedding.lanes import Lane
from hmhp_portal.shedding.sockets import InAll, OfOnePerson

Start = Callable[[str, list[tuple[str, str]]], Any]


def scope(path: str = "/api/v1/releases/", method: str = "POST", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": named,
        "client": ("127.0.0.1", 1),
    }


class Client:
    """One request's two ends."""

    def __init__(self, *parts: bytes, ends: bool = True) -> None:
        self.sent: list[dict[str, Any]] = []
        self._parts = [
            {"type": "http.request", "body": part, "more_body": not ends or number < len(parts) - 1}
            for number, part in enumerate(parts)
        ]

    async def receive(self) -> dict[str, Any]:
        if not self._parts:
            await asyncio.sleep(3600)
        return self._parts.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def unread(self) -> int:
        return len(self._parts)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def problem(self) -> dict[str, Any]:
        return dict(json.loads(b"".join(m.get("body", b"") for m in self.sent[1:])))


def echo(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    text = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain")])
    return [text]


async def ask(lane: Lane, client: Client, limit: int = 1000, **given: Any) -> Client:
    await lane(scope(**given), client.receive, client.send, Bodies(limit))
    return client


def test_whole_body_reaches_the_handler() -> None:
    client = asyncio.run(ask(Lane(echo, 1, 5, 5), Client(b"one ", b"two")))
    assert client.status == 200
    assert b"".join(m.get("body", b"") for m in client.sent) == b"one two"


@pytest.mark.parametrize("given", [{"content_length": "2000"}, {}])
def test_body_beyond_the_limit_is_413(given: dict[str, str]) -> None:
    client = asyncio.run(ask(Lane(echo, 1, 5, 5), Client(b"x" * 1500, b"x" * 500), **given))
    assert (client.status, client.problem["type"]) == (413, "/api/v1/problems/too-large/")
    assert client.headers[b"connection"] == b"close"


@pytest.mark.parametrize("given", [{"content_length": "2000"}, {}])
def test_body_beyond_the_limit_is_read_to_its_end_before_the_answer(given: dict[str, str]) -> None:
    client = Client(*[b"x" * 500] * 40)
    asyncio.run(ask(Lane(echo, 1, 5, 5), client, **given))
    assert (client.status, client.unread) == (413, 0)


def test_body_beyond_the_limit_that_never_ends_is_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAIN_BYTES", 5000)
    client = Client(*[b"x" * 500] * 40, ends=False)
    asyncio.run(ask(Lane(echo, 1, 5, 5), client, content_length="99999"))
    assert (client.status, client.unread) == (413, 30)


def test_sender_that_falls_silent_is_answered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "SILENT_SECONDS", 0.05)
    client = Client(b"x", ends=False)
    asyncio.run(ask(Lane(echo, 1, 5, 5), client, content_length="99999"))
    assert client.status == 413


def test_client_that_asks_before_it_sends_is_refused_unread() -> None:
    client = Client(b"x" * 2000)
    asyncio.run(ask(Lane(echo, 1, 5, 5), client, content_length="2000", expect="100-continue"))
    assert (client.status, client.unread) == (413, 1)


def test_body_that_dribbles_is_408_and_takes_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "BODY_SECONDS", 0.05)

    async def both() -> tuple[Client, Client]:
        lane = Lane(echo, 1, 5, 5)
        slow = asyncio.create_task(ask(lane, Client(b"x", ends=False)))
        quick = await ask(lane, Client(b"now"))
        return await slow, quick

    slow, quick = asyncio.run(both())
    assert (slow.status, quick.status) == (408, 200)


def test_full_lane_is_503_with_retry_after_and_another_lane_answers() -> None:
    free = threading.Event()

    def stuck(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        free.wait(10)
        return echo(environ, start)

    async def flood() -> tuple[list[Client], Client]:
        pages, urgent = Lane(stuck, 1, 3, 9), Lane(echo, 1, 3, 9)
        tasks = [asyncio.create_task(ask(pages, Client(b""))) for _ in range(5)]
        await asyncio.sleep(0.05)
        abort = await ask(urgent, Client(b"{}"), path="/api/v1/deployments/1/abort/")
        free.set()
        return [await task for task in tasks], abort

    clients, abort = asyncio.run(flood())
    assert sorted(client.status for client in clients) == [200, 200, 200, 503, 503]
    refused = next(client for client in clients if client.status == 503)
    assert refused.headers[b"retry-after"] == b"2"
    assert abort.status == 200


def test_one_caller_with_too_many_under_way_is_429_and_others_are_not() -> None:
    free = threading.Event()

    def stuck(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        free.wait(10)
        return echo(environ, start)

    async def flood() -> tuple[list[Client], Client]:
        lane = Lane(stuck, 2, 50, 2)
        greedy = [asyncio.create_task(ask(lane, Client(b""), authorization="Bearer a")) for _ in range(4)]
        await asyncio.sleep(0.05)
        other = asyncio.create_task(ask(lane, Client(b""), cookie="x=1; hmhp_session=b"))
        free.set()
        return [await task for task in greedy], await other

    greedy, other = asyncio.run(flood())
    assert sorted(client.status for client in greedy) == [200, 200, 429, 429]
    assert other.status == 200


def test_reader_that_never_reads_holds_no_thread() -> None:
    async def both() -> int:
        lane = Lane(echo, 1, 5, 5)

        async def never(message: dict[str, Any]) -> None:
            await asyncio.sleep(3600)

        client = Client(b"x")
        slow = asyncio.create_task(lane(scope(), client.receive, never, Bodies(1000)))
        await asyncio.sleep(0.05)
        status = (await ask(lane, Client(b"y"))).status
        slow.cancel()
        return status

    assert asyncio.run(both()) == 200


class Person:
    """Somebody who is logged in."""

    is_authenticated = True

    def __init__(self, pk: int) -> None:
        self.pk = pk


def test_sockets_are_capped_in_all_and_per_person() -> None:
    async def open_page(inner_scope: Any, receive: Any, send: Any) -> None:
        await inner_scope["over"].wait()

    async def attempt() -> list[int]:
        door = InAll(OfOnePerson(open_page, 2), 4)
        over, answers = asyncio.Event(), []
        for pk in (1, 1, 1, 2, 2, 3):
            client = Client()
            wanted = {"type": "websocket", "path": "/ws/doorbell/", "user": Person(pk), "over": over}
            wanted["extensions"] = {"websocket.http.response": {}}
            task = asyncio.create_task(door(wanted, client.receive, client.send))
            await asyncio.sleep(0)
            answers.append((task, client))
        await asyncio.sleep(0.02)
        refused = [client.status if client.sent else 0 for _, client in answers]
        over.set()
        await asyncio.gather(*(task for task, _ in answers))
        assert door.open == 0
        return refused

    assert asyncio.run(attempt()) == [0, 0, 429, 0, 0, 503]


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("GET", "/", "_pages"),
        ("POST", "/releases/1.0.0/sign/", "_pages"),
        ("GET", "/api/v1/releases/1.0.0/readiness/", "_pipelines"),
        ("POST", "/api/v1/releases/", "_pipelines"),
        ("GET", "/deployments/7/", "_runs"),
        ("POST", "/deployments/7/abort/", "_urgent"),
        ("POST", "/api/v1/deployments/7/abort/", "_urgent"),
    ],
)
def test_pages_pipelines_and_acts_that_save_the_day_have_threads_of_their_own(
    method: str, path: str, lane: str
) -> None:
    from hmhp_portal import asgi

    assert asgi.lane_of(method, path) is getattr(asgi, lane)
