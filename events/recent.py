"""What every reader sees alike, read again after each event and after a second, however many ask.

A board that two hundred people look at need not be read two hundred times. Each asking reads which events
are newest (one small query): whoever has just acted sees the act. What changes without an event, such as the
numbers of a run under way, is at most `SECONDS` old. Held by the process, which may forget it at any time;
its readers share the objects and change none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from django.db import connection

from events import clock

T = TypeVar("T")
SECONDS = 1.0
NEWEST = 64
"""Events that are compared: one of an earlier number may be committed after a later one."""


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    what: T
    mark: int
    at: datetime


_all: WeakSet[Recent[Any]] = WeakSet()


class Recent(Generic[T]):
    """One thing that `read` reads for everybody."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._kept: _Read[T] | None = None
        self._turn = Lock()
        _all.add(self)

    def get(self) -> T:
        """As it was read last, or as it is; who asks while it is read waits for that."""
        kept = self._kept
        if kept is not None and _is_young(kept) and kept.mark == newest_events():
            return kept.what
        with self._turn:
            mark, at, kept = newest_events(), clock.now(), self._kept
            if kept is None or kept.mark != mark or not _is_young(kept):
                kept = self._kept = _Read(self._read(), mark, at)
        return kept.what

    def forget(self) -> None:
        """The next asking reads."""
        self._kept = None


def _is_young(kept: _Read[Any]) -> bool:
    return timedelta(0) <= clock.now() - kept.at < timedelta(seconds=SECONDS)


def forget_all() -> None:
    """Everything is read again; for tests, whose worlds come and go without an event."""
    for recent in _all:
        recent.forget()


def newest_events() -> int:
    """A number that differs as soon as another event is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(id), 0) FROM (SELECT id FROM events_event ORDER BY id DESC LIMIT %s) newest",
            [NEWEST],
        )
        return int(cursor.fetchone()[0])
