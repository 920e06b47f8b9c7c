"""Workers and schedules run in one colour at a time.

In comes the slot that shall run them, out goes the slot that does. A hand-over ends the former
ones first and waits until they are gone, so that no job is ever worked on by two colours. The
newest wish counts: a return that comes in the middle of a hand-over is followed next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from platforms.local.slots import RunningSlot


class Background:
    """Follows the wanted slot of one target."""

    def __init__(self, slot: Callable[[str], RunningSlot | None]) -> None:
        self._slot = slot
        self._wanted: str | None = None
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self.running: str | None = None
        """The slot whose workers and schedules run or are still ending; None in between."""
        self._task = asyncio.create_task(self._follow())

    def want(self, slot: str | None) -> None:
        """Have that slot do the background work from now on."""
        self._wanted = slot
        self._settled.clear()
        self._changed.set()

    async def settled(self, seconds: float) -> bool:
        """Wait at most `seconds` until the hand-over is done; tells whether it is."""
        try:
            await asyncio.wait_for(self._settled.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Follow no more; the processes are left to the slot."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self.running != self._wanted:
                await self._hand_over()
            if not self._changed.is_set():
                self._settled.set()

    async def _hand_over(self) -> None:
        former = self._slot(self.running) if self.running else None
        if former is not None:
            await former.stop_background()
        self.running = None
        wanted = self._wanted  # read after the wait: the newest wish
        slot = self._slot(wanted) if wanted else None
        if slot is not None:
            slot.start_background()
            self.running = wanted
