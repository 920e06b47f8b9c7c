"""Many sockets in one process of their own: `python bench/_watchers.py`, told what to do line by line.

In, one JSON document a line: `{"open": URL, "cookies": […], "after": n}` opens one socket a cookie,
`{"wait": seq, "seconds": s}` answers when every socket has that line, `{"report": {seq: moment}}` answers
what came and how late, `{"frames": seq}` the frames of one socket after that line. Moments are those of the
monotonic clock, which all processes of a machine share. A frame that many sockets get is read once.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from typing import Any
from urllib.parse import urlsplit

OPENED_AT_ONCE = 40


class Watcher:
    """One socket: which frames came when, and whether each line followed the one before."""

    known: dict[bytes, tuple[int, ...]] = {}
    """Line numbers of every frame seen so far, read once for all sockets."""

    def __init__(self, after: int) -> None:
        self.seq = after
        self.lost = self.disordered = 0
        self.came: list[tuple[tuple[int, ...], float]] = []
        self.frames: list[bytes] = []
        self.closed = False
        self.code = 0

    async def open(self, url: str, cookie: str) -> asyncio.StreamReader:
        """Shake hands; raises RuntimeError when the server does not switch to a socket."""
        split = urlsplit(url)
        reader, self.writer = await asyncio.open_connection(split.hostname, split.port, limit=8_000_000)
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(
            f"GET {split.path}?{split.query} HTTP/1.1\r\nHost: {split.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            f"Origin: http://{split.netloc}\r\nCookie: hmhp_session={cookie}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode(errors="replace")[:200])
        return reader

    async def read(self, reader: asyncio.StreamReader, keep: bool) -> None:
        """Take frames until the socket closes."""
        try:
            while True:
                kind, size = await reader.readexactly(2)
                size &= 127
                if size > 125:
                    size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
                body = await reader.readexactly(size)
                if kind & 15 == 1:
                    self.take(body, time.monotonic(), keep)
                elif kind & 15 == 9:  # a ping is answered with its own bytes, masked with zeros
                    self.writer.write(bytes((0x8A, 0x80 | size)) + bytes(4) + body)
                elif kind & 15 == 8:
                    self.code = int.from_bytes(body[:2])
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.closed = True

    def take(self, body: bytes, now: float, keep: bool) -> None:
        """Count what a frame brings."""
        if body.startswith(b'{"beat"'):
            return
        seqs = self.known.get(body)
        if seqs is None:
            seqs = self.known[body] = tuple(line["seq"] for line in json.loads(body)["lines"])
        for seq in seqs:
            if seq <= self.seq:
                self.disordered += 1
            else:
                self.lost += seq - self.seq - 1
                self.seq = seq
        if seqs:
            self.came.append((seqs, now))
            if keep:
                self.frames.append(body)


class Crowd:
    """All sockets of this process."""

    def __init__(self) -> None:
        self.watchers: list[Watcher] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self, url: str, cookies: list[str], after: int) -> dict[str, Any]:
        """Open one socket a cookie, some at a time."""
        began, gate = time.monotonic(), asyncio.Semaphore(OPENED_AT_ONCE)

        async def one(cookie: str) -> None:
            async with gate:
                watcher = Watcher(after)
                reader = await watcher.open(f"{url}?after={after}", cookie)
                self.tasks.append(asyncio.create_task(watcher.read(reader, keep=not self.watchers)))
                self.watchers.append(watcher)

        await asyncio.gather(*(one(cookie) for cookie in cookies))
        return {"opened": len(self.watchers), "seconds": time.monotonic() - began}

    async def wait(self, seq: int, seconds: float) -> dict[str, Any]:
        """Until every open socket has that line; the moment at which the last of them had it."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and any(w.seq < seq and not w.closed for w in self.watchers):
            await asyncio.sleep(0.02)
        last = max((w.came[-1][1] for w in self.watchers if w.came), default=0.0)
        return {
            "all_at": last,
            "behind": sum(w.seq < seq for w in self.watchers),
            "closed": sum(w.closed for w in self.watchers),
            "codes": sorted({w.code for w in self.watchers if w.closed}),
        }

    def report(self, committed: dict[int, float]) -> dict[str, Any]:
        """Lateness of these lines in all sockets, in seconds, and what went missing."""
        late = sorted(
            now - committed[seq]
            for watcher in self.watchers
            for seqs, now in watcher.came
            for seq in seqs
            if seq in committed
        )
        return {
            "deliveries": len(late),
            "lost": sum(w.lost for w in self.watchers),
            "out_of_order": sum(w.disordered for w in self.watchers),
            "p50": late[len(late) // 2] if late else None,
            "p99": late[int(len(late) * 0.99)] if late else None,
        }

    async def act(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do one order."""
        if "open" in order:
            return await self.open(order["open"], order["cookies"], order["after"])
        if "wait" in order:
            return await self.wait(order["wait"], order["seconds"])
        if "frames" in order:
            kept = next(w for w in self.watchers if w.frames)
            return {"frames": [b.decode() for b in kept.frames if max(kept.known[b]) > order["frames"]]}
        return self.report({int(seq): at for seq, at in order["report"].items()})


async def main() -> None:
    """Obey until standard input ends."""
    crowd, loop = Crowd(), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            answer = await crowd.act(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
