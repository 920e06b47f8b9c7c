"""WebSocket connections through the proxy, and how they end when their slot stops serving.

A request that asks for an upgrade is opened at the service first and only then answered. At
weight 0 a connection may stay for its component's `drain_seconds`, then it is closed with 1012
(service restart, RFC 6455 §7.4.2), which tells the client to connect again. Called by `forward.py`.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web
from multidict import CIMultiDict
from yarl import URL

from platforms.local.proxy import headers
from platforms.local.proxy.counters import Count
from platforms.local.proxy.table import Route, Table

RESTARTING = 1012
_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def wants_websocket(request: web.BaseRequest) -> bool:
    """Whether the request asks for an upgrade to WebSocket (RFC 6455 §4.1)."""
    return request.headers.get("Upgrade", "").lower() == "websocket" and request.method == "GET"


class Tunnels:
    """The open upgraded connections of one proxy, by component and slot."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], set[web.WebSocketResponse]] = {}
        self._ends: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._closing: dict[web.WebSocketResponse, asyncio.Task[bool]] = {}
        self._table = Table(0, {}, ())

    def follow(self, table: Table) -> None:
        """Start the drain of slots that serve no more; stop it for those that serve again."""
        self._table = table
        drains = {(route.component, route.slot): route.drain_seconds for route in table.routes}
        for key in self._open:
            if table.serves(*key):
                ending = self._ends.pop(key, None)
                if ending:
                    ending.cancel()
            elif key not in self._ends:
                loop = asyncio.get_running_loop()
                self._ends[key] = loop.call_later(drains.get(key, 0), self._close, key)

    def _close(self, key: tuple[str, str]) -> None:
        self._ends.pop(key, None)
        for socket in tuple(self._open.get(key, ())):
            closing = socket.close(code=RESTARTING, message=b"moved to another release")
            self._closing[socket] = asyncio.create_task(closing)

    async def carry(
        self,
        request: web.BaseRequest,
        session: aiohttp.ClientSession,
        route: Route,
        count: Count,
        cookie: headers.Cookie,
        slot: str | None,
    ) -> web.StreamResponse:
        """Open the connection at the service, then at the client, and pass messages until one ends."""
        began = perf_counter()
        try:
            service = await self._open_at_service(request, session, route)
        except aiohttp.WSServerHandshakeError as error:
            return self._refused(error.status, error.message, began, route, count, cookie, slot)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._refused(502, str(error), began, route, count, cookie, slot)
        count.answered(101, (perf_counter() - began) * 1000)
        chosen = (service.protocol,) if service.protocol else ()
        client = web.WebSocketResponse(
            protocols=chosen, autoping=False, autoclose=False, compress=False, max_msg_size=0, timeout=5
        )
        headers.mark(client.headers, route, cookie, slot)
        await client.prepare(request)
        await self._pump(client, service, route, count)
        return client

    async def _open_at_service(
        self, request: web.BaseRequest, session: aiohttp.ClientSession, route: Route
    ) -> aiohttp.ClientWebSocketResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        return await session.ws_connect(
            URL(f"http://{route.in_turn()[0]}{request.raw_path}", encoded=True),
            headers=headers.to_service_upgraded(request),
            protocols=[token.strip() for token in offered.split(",") if token.strip()],
            autoping=False,
            autoclose=False,
            max_msg_size=0,
        )

    def _refused(
        self,
        status: int,
        text: str,
        began: float,
        route: Route,
        count: Count,
        cookie: headers.Cookie,
        slot: str | None,
    ) -> web.Response:
        """The service would not upgrade (its own status) or did not answer (502)."""
        status = status if status >= 400 else 502
        count.answered(status, (perf_counter() - began) * 1000)
        answer: CIMultiDict[str] = CIMultiDict()
        headers.mark(answer, route, cookie, slot)
        return web.Response(status=status, text=f"{text}\n", headers=answer)

    async def _pump(
        self,
        client: web.WebSocketResponse,
        service: aiohttp.ClientWebSocketResponse,
        route: Route,
        count: Count,
    ) -> None:
        key = (route.component, route.slot)
        self._open.setdefault(key, set()).add(client)
        count.upgraded += 1
        if not self._table.serves(*key):  # the weight went to 0 during the handshake
            self.follow(self._table)
        try:
            ways = [asyncio.create_task(_pass(client, service)), asyncio.create_task(_pass(service, client))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            count.upgraded -= 1
            self._open[key].discard(client)
            await service.close(code=_code(client.close_code))
            closing = self._closing.pop(client, None)
            if closing is not None:  # wait for the client's own closing frame
                await closing
            await client.close(code=_code(service.close_code))


async def _pass(source: _Socket, sink: Any) -> None:
    """Messages one way, until the source closes; its closing frame goes on to the sink."""
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await sink.send_bytes(message.data)
        elif message.type is WSMsgType.PING:
            await sink.ping(message.data)
        elif message.type is WSMsgType.PONG:
            await sink.pong(message.data)
    code = source.close_code
    await sink.close(code=_code(code))


def _code(code: int | None) -> int:
    """A closing code that may be sent; 1005, 1006 and 1015 only describe (RFC 6455 §7.4.1)."""
    return code if code and code not in (1005, 1006, 1015) else 1000
