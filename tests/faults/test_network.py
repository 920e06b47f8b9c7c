"""A target that is slow, half open or floods costs its time limit, never a worker's memory or a thread."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from platforms.base import PlatformUnavailable
from platforms.local import driver
from platforms.local.driver import LocalPlatform

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Behave = Callable[[socket.socket], None]
Target = Callable[[Behave], LocalPlatform]


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A driver whose agent behaves as the test says; reads may take half a second."""
    monkeypatch.setattr(driver, "READ_SECONDS", 0.5)
    path = tmp_path / "agent.sock"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(8)

    def serve(behave: Behave) -> None:
        try:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                behave(connection)
        except OSError:
            return

    def make(behave: Behave) -> LocalPlatform:
        threading.Thread(target=serve, args=(behave,), daemon=True).start()
        settings = {"artifacts": "/nowhere", "agent_socket": str(path), "agent_token": "token"}
        return LocalPlatform("production", "us-east", "production", settings)

    yield make
    listening.close()


def silent(connection: socket.socket) -> None:
    """Half open: it took the request and is gone without a word."""
    connection.recv(1)


def dribbling(connection: socket.socket) -> None:
    """A byte now and then, for ever."""
    connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n{")
    while True:
        time.sleep(0.05)
        connection.sendall(b" ")


def flooding(connection: socket.socket) -> None:
    """A gigabyte."""
    connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
    piece = b"x" * 1_048_576
    for _ in range(1024):
        connection.sendall(piece)


def torn(connection: socket.socket) -> None:
    """The line breaks in the middle of the answer."""
    connection.sendall(HEAD + b'Content-Length: 500\r\n\r\n{"region":')


@pytest.mark.parametrize("behave", [silent, dribbling, torn])
def test_line_that_fails_is_unavailable_within_its_time(target: Target, behave: Behave) -> None:
    began = time.monotonic()
    with pytest.raises(PlatformUnavailable):
        target(behave).observe()
    assert time.monotonic() - began < 3


def test_answer_of_a_gigabyte_is_refused_and_not_kept(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "READ_SECONDS", 20.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PlatformUnavailable, match="more than 32 MB"):
        target(flooding).observe()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 120_000  # kilobytes
