"""How many requests one proxy of the local target carries: `./portal bench proxy`.

Starts a proxy as the agent does, a service that costs next to nothing, and clients with kept
connections, all here; prints requests a second, latency, the proxy's own processor time for each
request and its memory. Two cores are enough: the proxy has one to itself.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from platforms.local.ports import free_port
from platforms.local.proxies import Proxy

SECONDS = 8.0
CLIENTS = 16
BODY = b"x" * 512
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 512\r\n\r\n" + BODY


class Service(asyncio.Protocol):
    """Answers every request head with the same 512 bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER * data.count(b"\r\n\r\n"))


async def client(port: int, until: float, times: list[float]) -> None:
    """One kept connection, one request after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /api/slots?day=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n".encode()
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(512)
        times.append(time.perf_counter() - began)
    writer.close()


def processor_seconds(pid: int) -> float:
    """User and system time of that process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """Proportional set size of that process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def main() -> None:
    """Run it once and print the figures."""
    with tempfile.TemporaryDirectory(prefix="hmhp-bench-") as folder:
        proxy = Proxy("bench", "here", Path(folder), secrets.token_hex(4))
        service_port, port = free_port(set()), free_port(set())
        service = await asyncio.get_running_loop().create_server(Service, "127.0.0.1", service_port)
        await proxy.open("web", "127.0.0.1", port)
        routes = [
            {
                "component": "web",
                "slot": slot,
                "release": slot,
                "addresses": [f"127.0.0.1:{service_port}"],
                "drain_seconds": 0,
            }
            for slot in ("blue", "green")
        ]
        await proxy.apply({"fence": 1, "weights": {"blue": 50, "green": 50}, "routes": routes}, "bench")
        assert proxy.pid is not None
        idle = megabytes(proxy.pid)
        spent = processor_seconds(proxy.pid)
        times: list[float] = []
        began = time.perf_counter()
        await asyncio.gather(*(client(port, began + SECONDS, times) for _ in range(CLIENTS)))
        seconds = time.perf_counter() - began
        spent = processor_seconds(proxy.pid) - spent
        times.sort()
        print(f"requests       {len(times)} in {seconds:.1f} s over {CLIENTS} kept connections")
        print(f"carried        {len(times) / seconds:,.0f} a second")
        print(f"per request    {spent / len(times) * 1000:.2f} ms of processor time")
        print(f"one core       {len(times) / spent:,.0f} a second")
        print(f"latency        {times[len(times) // 2] * 1000:.1f} ms median, "
              f"{times[int(len(times) * 0.99)] * 1000:.1f} ms at 99 %")  # fmt: skip
        print(f"memory         {idle:.1f} MB idle, {megabytes(proxy.pid):.1f} MB after")
        await proxy.stop(1.0)
        service.close()


if __name__ == "__main__":
    asyncio.run(main())
