"""Looking whether a process is ready: what it answers, and that who ends the looking is heard."""

from __future__ import annotations

import asyncio
import socket

import pytest

from platforms.local.health import not_ready


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def test_closed_port_is_told(closed_port: int) -> None:
    assert await not_ready(closed_port, "/up") == f"does not answer on port {closed_port}"


async def test_looking_is_given_up_in_whatever_moment_its_process_ends(closed_port: int) -> None:
    for turns in range(20):  # of the event loop, of which looking takes a few
        looking = asyncio.create_task(not_ready(closed_port, "/up"))
        for _ in range(turns):
            await asyncio.sleep(0)
        if not looking.cancel():
            break
        with pytest.raises(asyncio.CancelledError):
            await looking
    assert looking.result(), "no moment of it was left out"
