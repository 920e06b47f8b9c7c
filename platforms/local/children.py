"""One child process of the agent: started in a group of its own, heard, and ended for certain.

In come a command, its folder and environment; out go its lines and its exit code. Whatever kills
the agent, the kernel kills its children (Linux: PR_SET_PDEATHSIG); what they started themselves is
found at the next start by the mark in its environment (`end_leftovers`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from platforms.local.lines import Splitter

MARK = "HMHP_AGENT"
"""The variable that names the installation a process belongs to."""

_PR_SET_PDEATHSIG = 1
# Looked up once, before any thread runs: a child between fork and exec must not wait for a lock.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class _Output(asyncio.Protocol):
    """Hears the process's end of the pipe."""

    def __init__(self, sink: Callable[[str], None]) -> None:
        self.ended = asyncio.Event()
        self._splitter = Splitter(sink)

    def data_received(self, data: bytes) -> None:
        self._splitter.feed(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._splitter.end()
        self.ended.set()


class Child:
    """A running process; `wait` tells its exit code once its output is read."""

    def __init__(
        self, process: asyncio.subprocess.Process, pipe: asyncio.ReadTransport, output: _Output
    ) -> None:
        self._process = process
        self._pipe = pipe
        self._output = output
        self._done = asyncio.create_task(self._finish())

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        sink: Callable[[str], None],
        files: Sequence[int] = (),
    ) -> Child:
        """Start it; `files` are handed over. Raises OSError when it cannot be started."""
        parent = os.getpid()
        # A pipe of our own: asyncio's would keep an ended process alive to us for as long as something
        # that it started holds the other end.
        reading, writing = os.pipe()
        ours = os.fdopen(reading, "rb", buffering=0)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                pass_fds=files,
                preexec_fn=lambda: _die_with(parent),
            )
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(writing)
        pipe, output = await asyncio.get_running_loop().connect_read_pipe(lambda: _Output(sink), ours)
        return cls(process, pipe, output)

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._process.pid

    async def wait(self) -> int:
        """Its exit code; negative for a signal."""
        return await asyncio.shield(self._done)

    async def stop(self, seconds: float) -> int:
        """SIGTERM to its group, SIGKILL after `seconds`; it is gone when this returns."""
        if not self._done.done():
            self._signal(signal.SIGTERM)
            try:
                return await asyncio.wait_for(asyncio.shield(self._done), seconds)
            except TimeoutError:
                self._signal(signal.SIGKILL)
        return await self.wait()

    async def _finish(self) -> int:
        code = await self._process.wait()
        self._signal(signal.SIGKILL)  # what it started and left behind in its group
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._output.ended.wait(), 1.0)
        self._pipe.close()
        return code

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _die_with(parent: int) -> None:
    """In the child, before it becomes the command: end when the agent does."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def end_leftovers(mark: str) -> int:
    """Kill processes of an earlier life of the agent; returns how many there were."""
    ended = 0
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        pid = int(entry.parent.name)
        try:
            if pid != os.getpid() and wanted in entry.read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
                ended += 1
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return ended
