"""WebSocket connections through the proxy: passed on, drained, and closed when their slot leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from platforms.base import Routing
from platforms.local.driver import LocalPlatform
from tests.platforms.agent_fixture import Parts

SECONDS = 10


async def connect(session: aiohttp.ClientSession, edge: str) -> aiohttp.ClientWebSocketResponse:
    socket = await session.ws_connect(f"http://{edge}/ws", protocols=("other", "echo.v1"))
    assert await socket.receive_str(timeout=SECONDS) == "blue"
    return socket


def serve(parts: Parts, platform: LocalPlatform, drain_seconds: int) -> str:
    command = ["{python}", "{artifact}/main.py", "sockets"]
    slots = [
        parts.slot(name, replace(parts.web(name, command=command), drain_seconds=drain_seconds))
        for name in ("blue", "green")
    ]
    return parts.serve(platform, *slots)


async def to_green(platform: LocalPlatform) -> None:
    await asyncio.to_thread(platform.switch, 2, Routing({"blue": 0, "green": 100}, None))


async def test_messages_pass_both_ways(parts: Parts) -> None:
    platform = parts.open()
    edge = await asyncio.to_thread(serve, parts, platform, 0)
    async with aiohttp.ClientSession() as session, await connect(session, edge) as socket:
        assert socket.protocol == "echo.v1"
        await socket.send_str("good morning")
        assert await socket.receive_str(timeout=SECONDS) == "good morning"
        await socket.send_bytes(b"\0" * 300_000)
        assert await socket.receive_bytes(timeout=SECONDS) == b"\0" * 300_000
        await socket.send_str("close 4002")
        assert (await socket.receive(timeout=SECONDS)).data == 4002


async def test_connection_may_end_where_it_began_until_its_limit(parts: Parts) -> None:
    platform = parts.open()
    edge = await asyncio.to_thread(serve, parts, platform, 2)
    async with aiohttp.ClientSession() as session, await connect(session, edge) as socket:
        await to_green(platform)
        await socket.send_str("still here")
        assert await socket.receive_str(timeout=SECONDS) == "still here"
        seen = await asyncio.to_thread(platform.observe)
        assert [(e.slot, e.draining) for e in seen.edges if e.draining] == [("blue", 1)]
        assert (await socket.receive(timeout=SECONDS)).data == 1012


async def test_connection_without_drain_is_closed_at_once(parts: Parts) -> None:
    platform = parts.open()
    edge = await asyncio.to_thread(serve, parts, platform, 0)
    async with aiohttp.ClientSession() as session, await connect(session, edge) as socket:
        await to_green(platform)
        assert (await socket.receive(timeout=SECONDS)).data == 1012


async def test_return_within_the_limit_keeps_the_connection(parts: Parts) -> None:
    platform = parts.open()
    edge = await asyncio.to_thread(serve, parts, platform, 1)
    async with aiohttp.ClientSession() as session, await connect(session, edge) as socket:
        await to_green(platform)
        await asyncio.to_thread(platform.switch, 3, Routing({"blue": 100}, None))
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=2)
        await socket.send_str("never left")
        assert await socket.receive_str(timeout=SECONDS) == "never left"


async def test_refused_upgrade_keeps_its_status(parts: Parts) -> None:
    platform = parts.open()
    edge = await asyncio.to_thread(serve, parts, platform, 0)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"http://{edge}/status/403")
    assert refused.value.status == 403
