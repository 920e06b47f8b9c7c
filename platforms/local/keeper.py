"""Keeps one process of a component running, and knows in words why it is not ready.

In comes a way to launch it, out go readiness, restarts and a reason. Dead processes are started
again with growing pauses. Called by `slots.py`; a command that comes and goes: `schedule.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable

from platforms.base import PlatformError
from platforms.local.children import Child

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
STEADY_SECONDS = 30.0
"""A process that lived this long starts the pauses anew."""

STARTING_LOOK, READY_LOOK = 0.2, 2.0
MISSES = 3
_TIMES = ("", "once", "twice", "three times", "four times", "five times", "six times", "seven times")

Launch = Callable[[], Awaitable[Child]]
Check = Callable[[], Awaitable[str]]
"""Empty when the process is ready, else the reason why not."""


class Keeper:
    """One http or worker process."""

    def __init__(
        self,
        launch: Launch,
        check: Check | None,
        say: Callable[[str], None],
        last_line: Callable[[], str],
        stop_seconds: float,
    ) -> None:
        self.ready = False
        self.restarts = 0
        self.reason = "is starting"
        self._launch = launch
        self._check = check
        self._say = say
        self._last_line = last_line
        self._stop_seconds = stop_seconds
        self._child: Child | None = None
        self._exits: deque[float] = deque(maxlen=len(_TIMES) - 1)
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._keep())

    @property
    def alive(self) -> bool:
        """Whether its process exists now."""
        return self._child is not None

    async def stop(self, at_most: float | None = None) -> None:
        """End it; it is gone when this returns. `at_most` shortens its time to end by itself."""
        self._stopping.set()
        seconds = self._stop_seconds if at_most is None else min(at_most, self._stop_seconds)
        while not self._task.done():
            if self._child is not None:
                await self._child.stop(seconds)
            await asyncio.wait([self._task], timeout=0.05)
        self.ready = False

    async def _keep(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            await self._once()
            if time.monotonic() - began > STEADY_SECONDS:
                failures = 0
            await self._pause(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1

    async def _once(self) -> None:
        """Start it, watch it, and note how it ended."""
        child = await self._try_launch()
        if child is None:
            return
        self._say(f"started as process {child.pid}")
        watching = asyncio.create_task(self._watch())
        code = await child.wait()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        self.ready = False
        self._child = None
        if not self._stopping.is_set():
            self._note_exit(code)

    async def _try_launch(self) -> Child | None:
        try:
            child = await self._launch()
        except PlatformError as error:
            self.reason = str(error)
        except (OSError, ValueError) as error:  # ValueError: words that no command line can hold
            self.reason = f"cannot be started: {error}"
        else:
            self._child = child
            return child
        self._say(self.reason)
        return None

    async def _watch(self) -> None:
        """Keep `ready` and `reason` true while the process lives."""
        misses = 0
        began = time.monotonic()
        if self._check is None:
            await self._pause(1.0)
            self.ready, self.reason = True, ""
            return
        while not self._stopping.is_set():
            why = await self._check()
            misses = misses + 1 if why else 0
            if not why:
                self.ready, self.reason = True, ""
            elif not self.ready or misses >= MISSES:
                self.ready = False
                self.reason = f"{why} for {time.monotonic() - began:.0f} s"
            if self.ready:
                began = time.monotonic()
            await self._pause(READY_LOOK if self.ready else STARTING_LOOK)

    def _note_exit(self, code: int) -> None:
        now = time.monotonic()
        self.restarts += 1
        self._exits.append(now)
        while now - self._exits[0] > 60:
            self._exits.popleft()
        how = ended(code)
        line = self._last_line()
        self._say(how)
        times = len(self._exits)
        often = f" {_TIMES[times]} in {max(1, round(now - self._exits[0]))} s" if times > 1 else ""
        self.reason = f"{how}{often}" + (f": {line}" if line else "")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def ended(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
