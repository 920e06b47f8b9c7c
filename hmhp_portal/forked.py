"""A process that the nursery forks for us: our own child, with the code of the portal imported already.

Comes in: the command line of a Python process of ours, its environment, its log. Goes out: a `Forked`, which
the supervisor keeps as it keeps a child that it started itself, or None where no nursery answers; then the
same command line is started the long way. `hmhp_portal.nursery` is the other side.

The nursery's grandchild becomes ours because its parent ends at once and we take up orphans meanwhile. It
waits for our word before it does anything, so that no process runs whose number we do not know.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from hmhp_portal.embedded.child import take_up_orphans

ANSWER_SECONDS = 3.0
GO = b"go"
REQUEST_BYTES = 262_144


class Forked:
    """A child of ours, by its number; what it has of `subprocess.Popen` is what a supervisor needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended, as `Popen` says it, or None while it runs."""
        if self.returncode is None:
            self._look(os.WNOHANG)
        return self.returncode

    def wait(self) -> int:
        """Wait for its end."""
        if self.returncode is None:
            self._look(0)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _look(self, how: int) -> None:
        try:
            pid, status = os.waitpid(self.pid, how)
        except ChildProcessError:
            pid, status = self.pid, 255 << 8
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)


def answers(wire: Path) -> bool:
    """Does a nursery listen there?"""
    with _connection() as connection:
        try:
            connection.connect(str(wire))
        except OSError:
            return False
    return True


def fork(
    wire: Path,
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    log: int,
    pass_fds: Sequence[int],
    death_signal: signal.Signals,
) -> Forked | None:
    """Ask the nursery at `wire` for a process that runs that Python command line; None where it cannot."""
    asked = {
        "name": name,
        "arguments": list(command[1:]),
        "environment": dict(environment),
        "numbers": list(pass_fds),
        "parent": os.getpid(),
        "death_signal": int(death_signal),
    }
    with _connection() as connection, contextlib.suppress(OSError, ValueError):
        connection.connect(str(wire))
        with take_up_orphans() as can:
            if not can:
                return None
            socket.send_fds(connection, [json.dumps(asked).encode()], [log, *pass_fds])
            born = Forked(int(connection.recv(32)))
        try:
            connection.send(GO)
        except OSError:
            born.send_signal(signal.SIGKILL)
            born.wait()
            raise
        return born
    return None


def bury_strangers(own: Container[int]) -> None:
    """Read the end of those who became our children by chance, while we took up an orphan."""
    with contextlib.suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in own:
                return  # whoever keeps it wants to read it
            os.waitpid(ended.si_pid, os.WNOHANG)


def _connection() -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(ANSWER_SECONDS)
    return connection
