"""People on the board and a pipeline that polls, in a process of their own: `python bench/_people.py`.

Standard input: one JSON line `{"host", "port", "cookies", "token", "readiness", "per_second", "seconds"}`.
Each cookie is a person whose page is open: it holds the doorbell's socket and asks for its parts as the
page's script does (after a ring or 30 s; the more pages are open, the wider apart). The pipeline asks with
If-None-Match at its own pace, whatever the answers take. Output: times, statuses and sockets as JSON.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from typing import Any

PATIENCE_SECONDS = 30.0
SLOW_POLL, LATE, OF_EACH = 30.0, 1.0, 0.15
"""As in the page's script."""
COME_SECONDS = 10.0
"""People do not come all at once."""
BOARD, SHELL = "/", "/shell/?strip=no"


class Wire:
    """One kept connection; `get` gives status and headers, the body is read and left."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
        """One question; raises TimeoutError or OSError."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._get(path, headers)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            self.close()
            raise

    async def _get(self, path: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
        kept = self._writer is not None
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port, limit=1_000_000)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n{lines}\r\n".encode())
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            if not kept or getattr(error, "partial", b""):
                raise
            self.close()  # it was idle too long and ended while we asked: any client asks again
            return await self._get(path, headers)
        status = head[0].split()[1]
        pairs = (line.partition(":") for line in head[1:] if line)
        told = {name.lower(): value.strip() for name, _, value in pairs}
        if "content-length" in told:
            await self._reader.readexactly(int(told["content-length"]))
        elif told.get("transfer-encoding") == "chunked":
            while size := int(await self._reader.readline(), 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readline()
        if told.get("connection", "").lower() == "close":
            self.close()
        return status, told

    def close(self) -> None:
        """The next question opens another."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None


class People:
    """Everybody of this process."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.sockets: Counter[str] = Counter()
        self.among = 1

    def wire(self) -> Wire:
        """A connection to the portal."""
        return Wire(self.given["host"], self.given["port"])

    async def ask(self, what: str, wire: Wire, path: str, headers: dict[str, str]) -> dict[str, str]:
        """One question, noted."""
        began = time.monotonic()
        try:
            status, told = await wire.get(path, headers)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            status, told = type(error).__name__, {}
        self.times[what].append(time.monotonic() - began)
        self.statuses[what][status] += 1
        return told

    async def person(self, cookie: str) -> None:
        """One open board, from some moment of the first seconds on."""
        await asyncio.sleep(random.uniform(0.0, COME_SECONDS))
        panels = [asyncio.Event(), asyncio.Event()]
        tasks = [
            asyncio.create_task(self._panel("board", BOARD, cookie, panels[0], 0.0)),
            asyncio.create_task(self._panel("shell", SHELL, cookie, panels[1], LATE)),
        ]
        try:
            while True:
                await self._listen(cookie, panels)
                await asyncio.sleep(1.0)
        finally:
            for task in tasks:
                task.cancel()

    async def _panel(self, what: str, path: str, cookie: str, rung: asyncio.Event, late: float) -> None:
        wire, headers = self.wire(), {"Cookie": f"hmhp_session={cookie}", "X-Portal-Poll": "1"}
        last = took = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), SLOW_POLL)
            turn, since = min(SLOW_POLL, self.among * OF_EACH), time.monotonic() - last
            await asyncio.sleep(max(late + turn * random.random(), max(1.0, turn, 2 * took) - since))
            rung.clear()
            last = time.monotonic()
            await self.ask(what, wire, path, headers)
            took = time.monotonic() - last

    async def _listen(self, cookie: str, panels: list[asyncio.Event]) -> None:
        host, port = self.given["host"], self.given["port"]
        key = base64.b64encode(os.urandom(16)).decode()
        try:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(
                f"GET /ws/doorbell/ HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Origin: http://{host}:{port}\r\nCookie: hmhp_session={cookie}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            self.sockets[f"opened {head.split()[1].decode()}"] += 1
            while True:
                kind, size = await reader.readexactly(2)
                if size & 127 > 125:
                    size = int.from_bytes(await reader.readexactly(2 if size & 127 == 126 else 8))
                body = await reader.readexactly(size & 127 if size < 126 else size)
                if kind & 15 == 9:
                    writer.write(bytes((0x8A, 0x80 | len(body))) + bytes(4) + body)
                elif kind & 15 == 8:
                    self.sockets[f"closed {int.from_bytes(body[:2])}"] += 1
                    return
                elif b'"ring"' in body:
                    self.sockets["rings"] += 1
                    self.among = json.loads(body)["among"]
                    for panel in panels:
                        panel.set()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.sockets[type(error).__name__] += 1

    async def pipeline(self) -> None:
        """Ask for readiness at the pace given."""
        free: list[Wire] = []
        tag, headers = "", {"Authorization": f"Bearer {self.given['token']}", "Accept": "application/json"}

        async def once() -> None:
            nonlocal tag
            wire = free.pop() if free else self.wire()
            more = {"If-None-Match": tag} if tag else {}
            told = await self.ask("readiness", wire, self.given["readiness"], headers | more)
            tag = told.get("etag", tag)
            free.append(wire)

        tasks: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        while True:
            due += 1.0 / self.given["per_second"]
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(once())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    def told(self) -> dict[str, Any]:
        """What there was: seconds and statuses of each kind of question."""
        asked = {}
        for what, times in self.times.items():
            times.sort()
            asked[what] = {
                "asked": len(times),
                "p50": times[len(times) // 2],
                "p99": times[int(len(times) * 0.99)],
                "longest": times[-1],
                "statuses": self.statuses[what],
            }
        return {"asked": asked, "sockets": self.sockets}


async def main() -> None:
    """Be there for so long."""
    people = People(json.loads(sys.stdin.readline()))
    tasks = [asyncio.create_task(people.person(cookie)) for cookie in people.given["cookies"]]
    tasks.append(asyncio.create_task(people.pipeline()))
    await asyncio.sleep(people.given["seconds"])
    print(json.dumps(people.told()), flush=True)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
