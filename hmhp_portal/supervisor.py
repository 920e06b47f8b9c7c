"""Keeps the portal's processes: starts them in order, starts the dead again, ends all of them.

Comes in: a list of `Process`, in order. Goes out: every one ready, or `StartFailed`; then a watch that
lasts until a signal. The launcher calls it; the tests of whole processes do too. It imports neither
Django nor any requirement, so that it stays small, and it has no threads: a child is tied to the life
of the thread that forked it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hmhp_portal.embedded.child import Account, end_with_parent, run_as
from hmhp_portal.forked import Forked, bury_strangers, fork

FIRST_PAUSE, LONGEST_PAUSE, STEADY_SECONDS = 0.2, 10.0, 30.0
LOG_BYTES = 10_000_000
Probe = Callable[[], bool | Coroutine[Any, Any, bool]]
Child = subprocess.Popen[bytes] | Forked
Tell = Callable[[str], None]


class StartFailed(Exception):
    """A process did not become ready; the text is one line with the reason and the log."""


@dataclass(frozen=True)
class Process:
    """What to run and how to know it.

    `once` marks a step that must end with 0 before the next begins. `stage` orders the end: the
    highest goes first, one stage is ended together. `death_signal` is what the kernel sends when the
    supervisor itself is killed. `nursery` is where it may be forked (`forked`); where nobody answers it
    is started by itself.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log: Path
    ready: Probe | None = None
    ready_seconds: float = 60.0
    once: bool = False
    stage: int = 0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 3.0
    death_signal: signal.Signals = signal.SIGKILL
    account: Account | None = None
    pass_fds: tuple[int, ...] = ()
    directory: str = "/"
    nursery: Path | None = None
    before: Callable[[], None] | None = None


@dataclass
class _Kept:
    """A process that is being kept, and how often it has died lately."""

    spec: Process
    child: Child | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    restarts: int = 0
    log: Any = field(default=None)


class Supervisor:
    """One tree of processes."""

    def __init__(self, tell: Tell, changed: Callable[[dict[str, int]], None]) -> None:
        self._tell = tell
        self._changed = changed
        self._kept: list[_Kept] = []
        self._stopping = asyncio.Event()
        self._at_once = False
        self._tasks: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.ask_to_stop)

    @property
    def stopping(self) -> bool:
        """Has somebody asked for the end?"""
        return self._stopping.is_set()

    def ask_to_stop(self) -> None:
        """End everything in order; asked a second time, at once."""
        self._at_once = self._stopping.is_set()
        self._stopping.set()

    async def start(self, spec: Process) -> None:
        """Start one process and wait until it is ready (or, for `once`, done).

        Raises StartFailed, and returns early when the end was asked for.
        """
        kept = _Kept(spec)
        self._kept.append(kept)
        self._spawn(kept)
        deadline = time.monotonic() + spec.ready_seconds
        while not self.stopping:
            code = kept.child.poll() if kept.child else None
            if spec.once and code == 0:
                self._forget(kept)
                return
            if code is not None:
                raise StartFailed(f"{spec.name} {_ended(code)}: {_last_line(spec.log)} (log: {spec.log})")
            if not spec.once and await self._is_ready(spec):
                self._keep(kept)
                return
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"{spec.name} was not ready after {spec.ready_seconds:.0f} s: "
                    f"{_last_line(spec.log)} (log: {spec.log})"
                )
            await self._nap(0.03)

    async def watch(self) -> None:
        """Return when the end is asked for."""
        while not self.stopping:
            for kept in self._kept:
                _bound(kept.spec.log)
            bury_strangers({kept.child.pid for kept in self._kept if kept.child is not None})
            await self._nap(5.0)

    def restart(self, names: frozenset[str]) -> None:
        """End these processes gently; their keepers start them again."""
        for kept in self._kept:
            if kept.spec.name in names and kept.child is not None:
                kept.pause = FIRST_PAUSE
                _signal(kept.child, kept.spec.stop_signal)

    async def stop(self) -> None:
        """End every process, last stage first, and everything that they left behind."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        for stage in sorted({k.spec.stage for k in self._kept}, reverse=True):
            members = [k for k in self._kept if k.spec.stage == stage and k.child is not None]
            await self._end(members)
        self._kept.clear()
        self._changed({})

    async def _end(self, members: list[_Kept]) -> None:
        for kept in members:
            _signal(kept.child, kept.spec.stop_signal)
        limit = time.monotonic() + max((k.spec.stop_seconds for k in members), default=0.0)
        while any(k.child and k.child.poll() is None for k in members):
            if self._at_once or time.monotonic() > limit:
                break
            await asyncio.sleep(0.02)
        for kept in members:
            _kill_group(kept.child)

    def _spawn(self, kept: _Kept) -> None:
        spec = kept.spec
        if spec.before is not None:
            spec.before()
        with spec.log.open("ab") as log:
            kept.child = _forked(spec, log.fileno()) or _started(spec, log.fileno())
        kept.started = time.monotonic()
        self._report()

    def _keep(self, kept: _Kept) -> None:
        task = asyncio.get_running_loop().create_task(self._keeper(kept))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keeper(self, kept: _Kept) -> None:
        """Start it again whenever it ends, a little later each time, until the end is asked for."""
        while not self.stopping:
            code = kept.child.poll() if kept.child else 1
            if code is None:
                await self._nap(0.1)
                continue
            if time.monotonic() - kept.started > STEADY_SECONDS:
                kept.pause = FIRST_PAUSE
            _kill_group(kept.child)
            kept.restarts += 1
            self._tell(f"{kept.spec.name} {_ended(code)}; starting it again (log: {kept.spec.log})")
            await self._nap(kept.pause)
            kept.pause = min(kept.pause * 2, LONGEST_PAUSE)
            if not self.stopping:
                try:
                    self._spawn(kept)
                except OSError as problem:
                    kept.child = None
                    self._tell(f"{kept.spec.name} cannot be started: {problem.strerror}")

    async def _is_ready(self, spec: Process) -> bool:
        if spec.ready is None:
            return True
        answer = spec.ready()
        return answer if isinstance(answer, bool) else await answer

    async def _nap(self, seconds: float) -> None:
        """Sleep, but wake when the end is asked for."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _forget(self, kept: _Kept) -> None:
        self._kept.remove(kept)
        self._report()

    def _report(self) -> None:
        self._changed({k.spec.name: k.child.pid for k in self._kept if k.child is not None})


def _forked(spec: Process, log: int) -> Forked | None:
    if spec.nursery is None:
        return None
    what = (spec.name, spec.command, spec.environment)
    return fork(spec.nursery, *what, log, spec.pass_fds, spec.death_signal)


def _started(spec: Process, log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(spec.command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=spec.directory,
        env=spec.environment,
        pass_fds=spec.pass_fds,
        start_new_session=True,
        preexec_fn=end_with_parent(spec.death_signal),
        **run_as(spec.account),
    )


def _signal(child: Child | None, number: signal.Signals) -> None:
    if child is not None and child.poll() is None:
        child.send_signal(number)


def _kill_group(child: Child | None) -> None:
    """Every child leads a session: what it left behind goes with it."""
    if child is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _ended(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"


def _last_line(log: Path) -> str:
    """The last line that says something; of a traceback that is the error itself."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 4000))
            lines = stream.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return "no output"
    return lines[-1].strip()[:300] if lines else "no output"


def _bound(log: Path) -> None:
    """Keep a log from growing for ever: the old half is kept beside it (children append)."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_BYTES:
            log.with_suffix(".log.1").write_bytes(log.read_bytes())
            os.truncate(log, 0)
