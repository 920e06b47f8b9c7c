"""Loopback ports for components and edges.

Ports are taken from below the range from which the kernel gives ports to outgoing connections, so
that no client takes one between our choice and the process's start. Called by slots and proxies.
"""

from __future__ import annotations

import errno
import random
import socket

FIRST, LAST = 20_000, 31_999


def free_port(taken: set[int]) -> int:
    """A loopback port that nobody listens on and that is not in `taken`. Raises OSError."""
    for _ in range(500):
        port = random.randint(FIRST, LAST)  # noqa: S311  (no secret)
        if port in taken:
            continue
        try:
            listen("127.0.0.1", port).close()
        except OSError:
            continue
        return port
    raise OSError(errno.EADDRINUSE, f"no free port between {FIRST} and {LAST}")


def listen(address: str, port: int) -> socket.socket:
    """A listening socket, whose backlog holds connections while a proxy restarts. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(512)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
