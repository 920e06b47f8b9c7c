"""Output of processes, line by line, bounded.

In come raw bytes, out go clean lines with positions that only grow. `Splitter` cuts and cleans;
`LineRing` keeps the newest lines of a component for the engine to fetch; `JobLines` keeps those of
a job so that what was read once stays where it was.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

LINE_LENGTH = 4_000
RING_LINES = 2_000
JOB_LINES = 2_000
_TAIL = 20
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class Splitter:
    """Cuts bytes into lines; colour codes and control characters go, long lines are cut."""

    def __init__(self, sink: Callable[[str], None]) -> None:
        self._sink = sink
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """More output."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._emit(line)
        if len(self._rest) > LINE_LENGTH * 4:
            self.end()

    def end(self) -> None:
        """The last line, which had no line end."""
        if self._rest:
            self._emit(self._rest)
            self._rest = b""

    def _emit(self, raw: bytes) -> None:
        text = _CONTROL.sub("", raw.decode("utf-8", "replace").replace("\t", "    "))
        self._sink(text if len(text) <= LINE_LENGTH else f"{text[:LINE_LENGTH]} …")


class LineRing:
    """The newest lines of one component.

    Positions begin at `first`, which is higher after every start of the agent, so that a reader's
    mark keeps its meaning.
    """

    def __init__(self, first: int) -> None:
        self._next = first
        self._lines: deque[tuple[int, str]] = deque(maxlen=RING_LINES)

    def add(self, text: str) -> None:
        """One more line."""
        self._lines.append((self._next, text))
        self._next += 1

    def after(self, position: int, limit: int) -> list[tuple[int, str]]:
        """At most `limit` lines beyond that position, oldest first."""
        return [line for line in self._lines if line[0] > position][:limit]

    @property
    def last(self) -> str:
        """The newest line that says anything."""
        return next((text for _, text in reversed(self._lines) if text.strip()), "")


class JobLines:
    """A job's output: its beginning as it comes, and its very end once it has ended."""

    def __init__(self, lines: list[str] | None = None, truncated: bool = False) -> None:
        self._lines = lines or []
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._beyond = 0
        self.truncated = truncated

    def add(self, text: str) -> None:
        """One more line."""
        if len(self._lines) < JOB_LINES:
            self._lines.append(text)
        else:
            self.truncated = True
            self._beyond += 1
            self._tail.append(text)

    def end(self) -> None:
        """No more will come: show the last lines, where a reason usually stands."""
        if self._beyond > len(self._tail):
            self._lines.append(f"… {self._beyond - len(self._tail)} lines left out …")
        self._lines.extend(self._tail)
        self._tail.clear()

    def so_far(self) -> tuple[str, ...]:
        """What can be shown now, oldest first."""
        return tuple(self._lines)
