"""The channel over which the agent steers a proxy: one JSON object per line on a socket pair.

In come `listen` (with a listening socket handed over), `apply` (a table) and `observe`; each is
answered by one line with its `id`. When the agent's end closes, the proxy ends. Only the agent
holds the other end, so the channel needs no password.
"""

from __future__ import annotations

import array
import asyncio
import json
import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from platforms.local import protocol
from platforms.local.proxy.forward import LINE_BYTES, Edge, Forwarder
from platforms.local.proxy.table import read_table
from platforms.local.proxy.weightlog import WeightLog

KEEP_SECONDS = 75.0
"""How long a client's idle connection is kept."""

METRICS = ""
"""The name under which the listener for Prometheus is handed over; no component has it."""


class Refused(Exception):
    """A message that the proxy does not follow; the text is the code."""


class Control:
    """Reads the agent's messages and acts on them, one after the other."""

    def __init__(self, channel: socket.socket, edge: Edge, log: WeightLog) -> None:
        self._channel = channel
        self._edge = edge
        self._log = log
        self._sockets: deque[socket.socket] = deque()
        self._runners: dict[str, web.ServerRunner] = {}
        self._verbs: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "listen": self._listen,
            "apply": self._apply,
            "observe": self._observe,
        }

    async def serve(self) -> None:
        """Until the agent's end closes."""
        rest = b""
        while data := await self._receive():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                await self._answer(json.loads(line))

    async def close(self, seconds: float) -> None:
        """Stop listening and let requests in flight end within `seconds`."""
        for runner in self._runners.values():
            for site in list(runner.sites):
                await site.stop()
        await asyncio.gather(*(self._end(runner, seconds) for runner in self._runners.values()))

    async def _end(self, runner: web.ServerRunner, seconds: float) -> None:
        if runner.server:
            runner.server.pre_shutdown()
            await runner.server.shutdown(seconds)

    async def _receive(self) -> bytes:
        """The next bytes; sockets that came with them are put aside in their order."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._channel, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._channel)
        room = socket.CMSG_LEN(16 * array.array("i").itemsize)
        data, extra, _, _ = self._channel.recvmsg(65_536, room)
        for level, kind, raw in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers = array.array("i")
                numbers.frombytes(raw[: len(raw) - len(raw) % numbers.itemsize])
                self._sockets.extend(socket.socket(fileno=number) for number in numbers)
        return data

    async def _answer(self, message: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"id": message["id"]}
        try:
            answer["result"] = await self._verbs[message["op"]](message)
        except Refused as error:
            answer["refused"] = str(error)
        except OSError as error:
            answer["failed"] = str(error)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._channel, json.dumps(answer).encode() + b"\n")

    async def _listen(self, message: dict[str, Any]) -> None:
        """Serve that component on the socket that came along."""
        component = message["component"]
        listening = self._sockets.popleft()
        handler = self._metrics if component == METRICS else Forwarder(self._edge, component).handle
        server = web.Server(
            handler,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEP_SECONDS,
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
        )
        runner = web.ServerRunner(server, handle_signals=False)
        await runner.setup()
        await web.SockSite(runner, listening, backlog=512).start()
        self._runners[component] = runner

    async def _apply(self, message: dict[str, Any]) -> None:
        """Have this table from now on; a lower fence than the one seen is refused."""
        table = read_table(message["table"])
        if table.fence < self._edge.table.fence:
            raise Refused("fence")
        if table.weights != self._edge.table.weights:
            self._log.write(table.fence, table.weights, message["who"])
        self._edge.apply(table)

    async def _observe(self, message: dict[str, Any]) -> dict[str, Any]:
        """Weights in force and counters."""
        table = self._edge.table
        edges = self._edge.counters.edges(table.weights)
        return {
            "fence": table.fence,
            "weights": table.weights,
            "edges": [protocol.write_edge(edge) for edge in edges],
        }

    async def _metrics(self, request: web.BaseRequest) -> web.Response:
        labels = {"environment": self._edge.environment, "region": self._edge.region}
        text = self._edge.counters.prometheus(labels, self._edge.table.weights)
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
