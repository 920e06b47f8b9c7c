"""The floor of `live`: a bare socket server that fans frames out, `python bench/_bare.py PORT`.

It answers every handshake alike and, for each line of standard input (JSON: `{"frames": […], "apart": s}`),
writes these frames to all of its sockets, so many seconds apart (0: at once); it answers with the moments at
which it began each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

HELLO = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
_open: list[asyncio.Transport] = []


class Fan(asyncio.Protocol):
    """One socket."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A handshake ends with an empty line; nothing else is read."""
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(HELLO)
            _open.append(self._transport)


def framed(body: bytes) -> bytes:
    """A text frame of RFC 6455, as servers send it: unmasked."""
    size = len(body)
    if size < 126:
        return bytes((0x81, size)) + body
    if size < 65_536:
        return bytes((0x81, 126)) + size.to_bytes(2) + body
    return bytes((0x81, 127)) + size.to_bytes(8) + body


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    await loop.create_server(Fan, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        began, moments = time.monotonic(), []
        for number, text in enumerate(order["frames"]):
            frame = framed(text.encode())
            await asyncio.sleep(max(0.0, began + number * order["apart"] - time.monotonic()))
            moments.append(time.monotonic())
            for transport in _open:
                transport.write(frame)
        print(json.dumps({"began": moments}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
