"""The agent's side of one proxy: holds its listening sockets, keeps it running, tells it the table.

In come components that want a public port and tables of weights, out go acknowledgements and
counters. The listening sockets stay open here, so that clients wait instead of being refused while
a killed proxy is started again with the last table. Called by `targets.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platforms.base import PlatformRefused, PlatformUnavailable
from platforms.local.children import MARK, Child
from platforms.local.ports import listen

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 3.0
START_SECONDS = 60.0
"""How long a new proxy may take until its first answer: a busy machine must not make it start for ever.
One that ends before is noticed at once."""

UP_SECONDS = 12.0
"""How long a call waits for a proxy that is starting."""

NO_CERTIFICATES = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
"""A proxy asks this machine alone, plainly: reading the world's certificates was a third of its start."""

RESTART_PAUSES = (0.0, 0.0, 0.2, 1.0, 5.0)
STEADY_SECONDS = 10.0


class Proxy:
    """One proxy process, from `start` to `stop`, through as many lives as it needs."""

    def __init__(self, environment: str, region: str, folder: Path, mark: str) -> None:
        self._environment = environment
        self._region = region
        self._log_file = folder / "weights.log"
        self._mark = mark
        self._sockets: dict[str, socket.socket] = {}
        self._table: dict[str, Any] = {"fence": 0, "weights": {}, "routes": []}
        self._channel: socket.socket | None = None
        self._child: Child | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._up = asyncio.Event()
        self._handed: set[str] = set()
        self._sending = asyncio.Lock()
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def ports(self) -> dict[str, int]:
        """The public port of every component that has a listener."""
        return {name: held.getsockname()[1] for name, held in self._sockets.items()}

    async def open(self, component: str, address: str, port: int) -> None:
        """Have a listener for that component. Raises OSError when the port is taken."""
        if component in self._sockets:
            return
        self._sockets[component] = listen(address, port)
        if self._task is None:
            self._task = asyncio.create_task(self._keep())
        else:
            await self._ready()
            await self._hand(component)

    async def apply(self, table: dict[str, Any], who: str) -> None:
        """Have this table; it is in force when this returns.

        The table is remembered first, so that a proxy that dies meanwhile comes back with it.
        Raises PlatformRefused (`fence`), PlatformUnavailable when the proxy does not answer.
        """
        if table["fence"] < self._table["fence"]:
            raise PlatformRefused("fence", "The proxy has seen a higher fence.")
        self._table = table
        if self._sockets:
            await self._ready()
            await self._ask({"op": "apply", "table": table, "who": who})

    async def observe(self) -> dict[str, Any]:
        """Weights in force and counters. Raises PlatformUnavailable."""
        if not self._sockets:
            return {"weights": self._table["weights"], "edges": []}
        await self._ready()
        return dict(await self._ask({"op": "observe"}))

    async def stop(self, seconds: float) -> None:
        """End it, with `seconds` for its requests in flight, and give the ports back."""
        self._ending.set()
        while self._task is not None and not self._task.done():
            if self._child is not None:
                await self._child.stop(seconds)
            await asyncio.wait([self._task], timeout=0.05)
        for held in self._sockets.values():
            held.close()

    async def _keep(self) -> None:
        """Start it again whenever it ends."""
        failures = 0
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                await self._live()
                failures = 0 if time.monotonic() - began > STEADY_SECONDS else failures + 1
            except (OSError, PlatformUnavailable) as error:
                log.warning("proxy of %s in %s: %s", self._environment, self._region, error)
                failures += 1
            self._up.clear()
            with contextlib.suppress(TimeoutError):
                pause = RESTART_PAUSES[min(failures, len(RESTART_PAUSES) - 1)]
                await asyncio.wait_for(self._ending.wait(), pause)

    async def _live(self) -> None:
        """One life: start, hand over sockets and table, wait for its end."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        name = f"proxy {self._environment}/{self._region}"
        # fmt: off
        command = (sys.executable, "-m", "platforms.local.proxy", str(theirs.fileno()),
                   self._environment, self._region, str(self._log_file))
        environment = {"PATH": os.pathsep.join(os.get_exec_path()), "LANG": "C.UTF-8", MARK: self._mark,
                       **NO_CERTIFICATES}
        # fmt: on
        try:
            self._child = await Child.start(
                command, ROOT, environment, lambda line: log.info("%s: %s", name, line), (theirs.fileno(),)
            )
        finally:
            theirs.close()
        self._channel = ours
        hearing = asyncio.create_task(self._hear(ours))
        try:
            self._handed.clear()
            # The table comes first: whoever waits in a port's queue must find it.
            first = {"op": "apply", "table": self._table, "who": "agent, after a start"}
            await self._ask(first, seconds=START_SECONDS)
            for component in list(self._sockets):
                await self._hand(component)
            self._up.set()
            await self._child.wait()
        finally:
            await self._child.stop(1.0)
            self._child = None
            self._channel = None
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            ours.close()
            self._forsake()

    async def _hand(self, component: str) -> None:
        """Hand its listening socket over, once a life."""
        if component not in self._handed:
            self._handed.add(component)
            await self._ask({"op": "listen", "component": component}, self._sockets[component])

    async def _ready(self) -> None:
        try:
            await asyncio.wait_for(self._up.wait(), UP_SECONDS)
        except TimeoutError as error:
            raise PlatformUnavailable(f"The proxy of {self._region} is not up.") from error

    async def _ask(
        self, message: Mapping[str, Any], held: socket.socket | None = None, seconds: float = ANSWER_SECONDS
    ) -> dict[str, Any]:
        """Send one message, with a socket if need be, and wait for its answer."""
        channel = self._channel
        if channel is None:
            raise PlatformUnavailable(f"The proxy of {self._region} is starting.", 0.5)
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        data = json.dumps({**message, "id": number}).encode() + b"\n"
        try:
            async with self._sending:
                if held is not None:
                    socket.send_fds(channel, [data], [held.fileno()])  # small: fits the socket's buffer
                else:
                    await asyncio.get_running_loop().sock_sendall(channel, data)
            said = await asyncio.wait_for(answer, seconds)
        except (OSError, TimeoutError) as error:
            raise PlatformUnavailable(f"The proxy of {self._region} does not answer.", 1.0) from error
        finally:
            self._waiting.pop(number, None)
        if "refused" in said:
            raise PlatformRefused(said["refused"], "The proxy has seen a higher fence.")
        if "failed" in said:
            raise PlatformUnavailable(f"The proxy of {self._region} cannot do it: {said['failed']}")
        return said.get("result") or {}

    async def _hear(self, channel: socket.socket) -> None:
        """Give each answer to whoever waits for it; when the proxy ends, tell them."""
        loop = asyncio.get_running_loop()
        rest = b""
        try:
            while data := await loop.sock_recv(channel, 65_536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    said = json.loads(line)
                    waiting = self._waiting.get(said["id"])
                    if waiting is not None and not waiting.done():
                        waiting.set_result(said)
        except OSError:  # it ended with a message unread
            return
        finally:
            self._forsake()

    def _forsake(self) -> None:
        """Nobody answers any more."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the proxy ended"))
