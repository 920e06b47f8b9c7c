"""Whether an http process is ready: its health path answers 2xx, or its port is open.

In come a port and a path, out goes an empty text or the reason why not. Called by a process's
keeper every few seconds; a plain HTTP/1.1 exchange on a connection of its own.
"""

from __future__ import annotations

import asyncio
import contextlib

SECONDS = 2.0


async def not_ready(port: int, path: str) -> str:
    """Empty when it is ready, else why not."""
    try:
        # Not wait_for: on Python 3.11 it keeps a cancellation that comes together with the answer to itself,
        # and who ends the looking, because the process has ended, would wait for ever.
        async with asyncio.timeout(SECONDS):
            return await _ask(port, path)
    except TimeoutError:
        return f"gives no answer on {path or 'its port'} within {SECONDS:g} s"
    except (OSError, ValueError):
        return f"does not answer on port {port}"


async def _ask(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if not path:
            return ""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        words = (await reader.readline()).split()
        status = int(words[1]) if len(words) > 1 else 0
        return "" if 200 <= status < 300 else f"answers {status or 'nothing'} on {path}"
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
