"""A release or its readiness, answered again without work while nothing that it rests on has changed.

Pipelines ask the same question many times a minute. Each asking reads the release's state version, which
differs as soon as a row differs that the answer rests on; the moment at which time alone may change a fact is
kept with the answer, and no answer is older than LONGEST. So an answer from here is the answer that would be
worked out now. Held by the process, which may forget it at any time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from events import clock
from releases.queries.state_version import state_version

LONGEST = timedelta(minutes=1)
MOST = 256
"""Answers of one process, some kilobytes each; the one that was asked for longest ago goes first."""

Question = tuple[str, ...]
"""The version, then what is asked about it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with its tag, the state that it was worked out from, and from when until when it holds."""

    body: dict[str, Any]
    tag: str
    state: str
    since: datetime
    until: datetime


_kept: OrderedDict[Question, Kept] = OrderedDict()
_lock = Lock()


def forget() -> None:
    """Work everything out anew; for whoever measures that."""
    with _lock:
        _kept.clear()


def answer(
    question: Question, work_out: Callable[[], tuple[dict[str, Any], str, datetime | None]]
) -> tuple[Kept, datetime]:
    """The answer that holds now, and the moment that is called now.

    `work_out` gives body, tag and the moment until which time alone changes nothing. The state is read
    before the work, so that a change in the midst of it makes the next question work again.
    """
    now = clock.now()
    state = state_version(question[0], now) if question[0].isprintable() else None
    with _lock:
        found = _kept.get(question)
    if found is None or found.state != state or not found.since <= now < found.until:
        body, tag, until = work_out()
        found = Kept(body, tag, state or "", now, min(until or now + LONGEST, now + LONGEST))
    with _lock:
        _kept[question] = found
        _kept.move_to_end(question)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return found, now
