"""Keeps a command that is started every so many seconds, never two at once; called by `slots.py`."""

from __future__ import annotations

import time
from collections.abc import Callable

from platforms.local.keeper import Keeper, Launch, ended


class ScheduleKeeper(Keeper):
    """One component's command.

    `due` tells and keeps when it may start next (monotonic seconds), so that a hand-over to
    another colour does not start it out of turn.
    """

    def __init__(
        self,
        launch: Launch,
        say: Callable[[str], None],
        last_line: Callable[[], str],
        stop_seconds: float,
        every: float,
        due: dict[str, float],
        name: str,
    ) -> None:
        self._every = every
        self._due = due
        self._name = name
        super().__init__(launch, None, say, last_line, stop_seconds)
        self.ready, self.reason = True, ""

    async def _keep(self) -> None:
        while True:
            await self._pause(max(0.0, self._due.get(self._name, 0.0) - time.monotonic()))
            if self._stopping.is_set():
                return
            self._due[self._name] = time.monotonic() + self._every
            await self._once()

    async def _once(self) -> None:
        child = await self._try_launch()
        if child is None:
            self.ready = False
            return
        code = await child.wait()
        self._child = None
        if not self._stopping.is_set():
            self.ready = code == 0
            if code:
                self.restarts += 1
            self.reason = "" if code == 0 else f"its last run {ended(code)}: {self._last_line()}"
