"""Visitors of one public address in a process of their own: `python bench/_callers.py`.

Standard input: one JSON line `{"address", "per_second", "clients", "upgraded"}`; then it visits until its
input ends and prints `{"statuses", "slots": {slot: {"answers", "last_sent", "last_answered"}}, "p99",
"upgraded": {slot: [moment at which each was closed, or null]}}`. Moments are those of the monotonic clock,
which all processes of a machine share. Nothing is tried again, so that every dropped request is seen.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from collections import Counter, defaultdict
from typing import Any


class Visitors:
    """All clients of this process, and what they were answered."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.host, _, self.port = given["address"].rpartition(":")
        self.pause = given["clients"] / given["per_second"]
        self.clients, self.upgrades = given["clients"], given.get("upgraded", 0)
        self.statuses: Counter[str] = Counter()
        self.slots: defaultdict[str, dict[str, float]] = defaultdict(
            lambda: {"answers": 0, "last_sent": 0.0, "last_answered": 0.0}
        )
        self.late: list[float] = []
        self.upgraded: defaultdict[str, list[float | None]] = defaultdict(list)

    async def visit(self, number: int) -> None:
        """One client with a kept connection."""
        reader = writer = None
        due = time.monotonic() + number * self.pause / self.clients
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + self.pause, time.monotonic())
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection(self.host, int(self.port))
                await self._once(reader, writer)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.statuses[type(error).__name__] += 1
                writer = None

    async def _once(self, reader: Any, writer: Any) -> None:
        sent = time.monotonic()
        writer.write(f"GET / HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n\r\n".encode())
        status, headers = await self._head(reader)
        await reader.readexactly(int(headers.get("content-length", 0)))
        now = time.monotonic()
        self.statuses[status] += 1
        self.late.append(now - sent)
        slot = self.slots[headers.get("x-hmhp-slot", "")]
        slot["answers"] += 1
        slot["last_sent"], slot["last_answered"] = max(slot["last_sent"], sent), now

    async def _head(self, reader: Any) -> tuple[str, dict[str, str]]:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        return lines[0].split()[1], {name.lower(): value.strip() for name, _, value in pairs}

    async def hold(self) -> None:
        """One upgraded connection, kept until somebody closes it."""
        reader, writer = await asyncio.open_connection(self.host, int(self.port))
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET / HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status, headers = await self._head(reader)
        if status != "101":
            self.statuses[f"upgrade {status}"] += 1
            return
        moments = self.upgraded[headers.get("x-hmhp-slot", "")]
        place = len(moments)
        moments.append(None)
        await reader.read()
        moments[place] = time.monotonic()

    def told(self) -> dict[str, Any]:
        """What there was."""
        self.late.sort()
        p99 = self.late[int(len(self.late) * 0.99)] if self.late else None
        return {"statuses": self.statuses, "slots": self.slots, "p99": p99, "upgraded": self.upgraded}


async def main() -> None:
    """Visit until standard input ends."""
    loop = asyncio.get_running_loop()
    visitors = Visitors(json.loads(sys.stdin.readline()))
    tasks = [asyncio.create_task(visitors.visit(number)) for number in range(visitors.clients)]
    tasks += [asyncio.create_task(visitors.hold()) for _ in range(visitors.upgrades)]
    await loop.run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    print(json.dumps(visitors.told()))


if __name__ == "__main__":
    asyncio.run(main())
