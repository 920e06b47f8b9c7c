"""One request through the proxy: choose a slot, pass the request on, stream the answer back.

In comes a request on an edge component's listener, out goes the answer of one of its processes.
Both bodies are streamed. A request without a body that may be repeated (RFC 9110 §9.2.2) uses
kept connections and is sent again on a new one when a kept one proves dead; any other gets a new
connection, because a dead one could not be told from an answer that never came.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from platforms.local.proxy import headers
from platforms.local.proxy.counters import Count, Counters
from platforms.local.proxy.table import Route, Table
from platforms.local.proxy.tunnel import Tunnels, wants_websocket

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
WHOLE_BYTES = 65_536
"""Up to this length an answer is read whole and sent in one write."""

LIMITS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=5, sock_read=300)
LINE_BYTES = 65_536


class Edge:
    """What all listeners of one proxy share: the table in force, connections and counters."""

    def __init__(self, environment: str, region: str) -> None:
        self.environment = environment
        self.region = region
        self.table = Table(0, {}, ())
        self.counters = Counters()
        self.tunnels = Tunnels()
        self.kept = self._session(aiohttp.TCPConnector(limit=0, keepalive_timeout=30))
        self.fresh = self._session(aiohttp.TCPConnector(limit=0, force_close=True))

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=LIMITS,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
        )

    def apply(self, table: Table) -> None:
        """Have this table from the next request on; open connections of slots at 0 may drain."""
        self.table = table
        self.counters.keep_only({route.slot for route in table.routes} | set(table.weights))
        self.tunnels.follow(table)

    async def close(self) -> None:
        """Close the connections to the services."""
        await self.kept.close()
        await self.fresh.close()


class Unanswered(Exception):
    """No process of the slot gave an answer; the text says why."""


class Forwarder:
    """Handles the requests of one edge component."""

    def __init__(self, edge: Edge, component: str) -> None:
        self._edge = edge
        self._component = component
        self._cookie = headers.Cookie(edge.environment, edge.region, component)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; the slot is chosen here, once."""
        slot = self._cookie.read(request.headers)
        route = self._edge.table.choose(self._component, slot)
        if route is None:
            text = f"Nothing serves {self._component} in {self._edge.region} now.\n"
            return web.Response(status=503, text=text, headers={"Retry-After": "5"})
        count = self._edge.counters.of(self._component, route.slot)
        count.open_connections += 1
        try:
            if wants_websocket(request):
                tunnels = self._edge.tunnels
                return await tunnels.carry(request, self._edge.fresh, route, count, self._cookie, slot)
            return await self._forward(request, route, count, slot)
        finally:
            count.open_connections -= 1

    async def _forward(
        self, request: web.BaseRequest, route: Route, count: Count, slot: str | None
    ) -> web.StreamResponse:
        began = perf_counter()
        try:
            answer = await self._ask(request, route)
        except Unanswered as error:
            if _gone(request):
                raise ConnectionResetError from error
            count.answered(502, (perf_counter() - began) * 1000)
            return self._failed(str(error), route, slot)
        count.answered(answer.status, (perf_counter() - began) * 1000)
        head = headers.to_client(answer.headers, route, self._cookie, slot)
        async with answer:
            if _is_short(request, answer):
                return await self._whole(answer, head, count, route, slot)
            return await self._stream(request, answer, head, count)

    async def _ask(self, request: web.BaseRequest, route: Route) -> aiohttp.ClientResponse:
        """The head of the answer. Raises Unanswered."""
        has_body = request.body_exists
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        sent = headers.to_service(request)
        body = request.content if has_body else None
        repeatable = request.method in REPEATABLE and not has_body
        reason = "no process"
        for address in route.in_turn():
            url = URL(f"http://{address}{_origin_form(request.raw_path)}", encoded=True)
            for session in (self._edge.kept, self._edge.fresh) if repeatable else (self._edge.fresh,):
                try:
                    return await session.request(
                        request.method, url, headers=sent, data=body, allow_redirects=False
                    )
                except aiohttp.ClientConnectorError as error:
                    reason = str(error)
                    break  # nothing was sent: the next process may have it
                except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                    reason = str(error) or type(error).__name__
                    if not repeatable or isinstance(error, TimeoutError):
                        raise Unanswered(reason) from error
        raise Unanswered(reason)

    async def _whole(
        self,
        answer: aiohttp.ClientResponse,
        head: CIMultiDict[str],
        count: Count,
        route: Route,
        slot: str | None,
    ) -> web.Response:
        """A short answer in one write; 502 when the service breaks it off."""
        try:
            whole = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            count.broke(answer.status)
            return self._failed(str(error), route, slot)
        return web.Response(status=answer.status, reason=answer.reason, headers=head, body=whole)

    async def _stream(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse, head: CIMultiDict[str], count: Count
    ) -> web.StreamResponse:
        """Any other answer piece by piece; the client's connection breaks when the service's does."""
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=head)
        await response.prepare(request)
        try:
            async for piece in answer.content.iter_any():
                await response.write(piece)
        except (aiohttp.ClientError, TimeoutError) as error:
            if not _gone(request):
                count.broke(answer.status)
                _break_off(request)
            raise ConnectionResetError from error
        await response.write_eof()
        return response

    def _failed(self, why: str, route: Route, slot: str | None) -> web.Response:
        """502 in the slot's place."""
        failed = web.Response(status=502, text=f"{self._component} gave no answer: {why}\n")
        headers.mark(failed.headers, route, self._cookie, slot)
        return failed


def _is_short(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> bool:
    """Whether the answer has a body, of a known length, that may be held in memory."""
    if request.method == "HEAD" or answer.status in (204, 304):
        return False
    return answer.content_length is not None and answer.content_length <= WHOLE_BYTES


def _origin_form(target: str) -> str:
    """Path and query of a request target, which may come in absolute form (RFC 9112 §3.2.2)."""
    if target.startswith("/"):
        return target
    rest = target.partition("://")[2]
    return "/" + rest.partition("/")[2]


def _gone(request: web.BaseRequest) -> bool:
    """Whether the client has closed its connection."""
    return request.transport is None or request.transport.is_closing()


def _break_off(request: web.BaseRequest) -> None:
    """Close the client's connection, so that half an answer is not taken for a whole one."""
    transport = request.transport
    if isinstance(transport, asyncio.Transport):
        transport.abort()
