"""The floor of `live`: a bare socket server that fans frames out, `python bench/_bare.py PORT`.

It answers every handshake alike and, for each line of standard input (JSON: `{"frames": […]}`), writes these
frames to all of its sockets; it answers with the moment at which it began.
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
        frames = [framed(text.encode()) for text in json.loads(line)["frames"]]
        began = time.monotonic()
        for frame in frames:
            for transport in _open:
                transport.write(frame)
            await asyncio.sleep(0)
        print(json.dumps({"began": began}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
