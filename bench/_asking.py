"""Requests over kept connections for a while, in a process of their own.

Standard input: one JSON document `{"host", "port", "path", "headers", "clients", "seconds"}`; output:
`{"requests", "seconds", "p50", "p99", "statuses"}`, times in seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any


async def client(given: dict[str, Any], until: float, times: list[float], statuses: Counter[str]) -> None:
    """One kept connection, one request after the other."""
    reader, writer = await asyncio.open_connection(given["host"], given["port"])
    headers = {"Host": f"{given['host']}:{given['port']}"} | given["headers"]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {given['path']} HTTP/1.1\r\n{lines}\r\n".encode()
    while time.monotonic() < until:
        began = time.monotonic()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = head.split(b" ", 2)[1].decode()
        if b"content-length:" in head:
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(size)
        elif status != "304":
            await _chunks(reader)
        times.append(time.monotonic() - began)
        statuses[status] += 1
    writer.close()


async def _chunks(reader: asyncio.StreamReader) -> None:
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


async def main() -> None:
    """Ask, then say how it went."""
    given = json.loads(sys.stdin.read())
    times: list[float] = []
    statuses: Counter[str] = Counter()
    began = time.monotonic()
    until = began + given["seconds"]
    await asyncio.gather(*(client(given, until, times, statuses) for _ in range(given["clients"])))
    took = time.monotonic() - began
    times.sort()
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(json.dumps({"requests": len(times), "seconds": took, "p50": p50, "p99": p99, "statuses": statuses}))


if __name__ == "__main__":
    asyncio.run(main())
