"""`python -m platforms.local.proxy FD ENVIRONMENT REGION LOG`: the proxy's process.

Started by the agent with one end of the control channel as file FD; ends on SIGTERM or when the
agent's end closes.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

from platforms.local.proxy.control import Control
from platforms.local.proxy.forward import Edge
from platforms.local.proxy.weightlog import WeightLog

LAST_SECONDS = 3.0
"""How long requests in flight may take when the whole installation ends."""


async def run(channel: socket.socket, environment: str, region: str, log: Path) -> None:
    """Serve until told to end."""
    edge = Edge(environment, region)
    control = Control(channel, edge, WeightLog(log))
    serving = asyncio.create_task(control.serve())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        pass
    finally:
        await control.close(LAST_SECONDS)
        await edge.close()


def main() -> None:
    """Take over the control channel and run."""
    number, environment, region, log = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the agent decides when a Ctrl-C ends us
    channel = socket.socket(fileno=int(number))
    channel.setblocking(False)
    asyncio.run(run(channel, environment, region, Path(log)))


if __name__ == "__main__":
    main()
