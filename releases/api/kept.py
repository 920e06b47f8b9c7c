"""A release or its readiness, answered again without work while nothing that it rests on has changed.

Pipelines ask the same question many times a minute. Each asking reads the release's state version, which
differs as soon as a row differs that the answer rests on; the moment at which time alone may change a fact is
kept with the answer, and no answer is older than LONGEST. So an answer from here is the answer that would be
worked out now. Held by the process, which may forget it at any time. Whoever asks while the same answer is
being worked out waits for it: a change makes one piece of work, however many ask.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


WorkOut = Callable[[], tuple[dict[str, Any], str, datetime | None]]
"""Gives body, tag and the moment until which time alone changes nothing."""

_kept: OrderedDict[Question, Kept] = OrderedDict()
_lock = Lock()
_under_way: dict[Question, Lock] = {}
_waiting: Counter[Question] = Counter()


def forget() -> None:
    """Work everything out anew; for whoever measures that."""
    with _lock:
        _kept.clear()


def answer(question: Question, work_out: WorkOut, *, whole: bool = False) -> tuple[Kept, datetime]:
    """The answer that holds now, and the moment that is called now.

    `whole`: it is about the whole release, not its readiness. The state is read before the work, so that a
    change in the midst of it makes the next question work again.
    """
    found, now, _ = _found(question, whole)
    if found is None:
        with _alone(question):
            found, now, state = _found(question, whole)
            if found is None:
                body, tag, until = work_out()
                found = Kept(body, tag, state, now, min(until or now + LONGEST, now + LONGEST))
                _keep(question, found)
    return found, now


def waiting(question: Question) -> int:
    """How many have it worked out, or wait for that, at this moment."""
    with _lock:
        return _waiting[question]


def _found(question: Question, whole: bool) -> tuple[Kept | None, datetime, str]:
    """What is kept and still holds, now, and the state as it is now."""
    now = clock.now()
    version = question[0]
    state = (state_version(version, now, whole=whole) if version.isprintable() else None) or ""
    with _lock:
        found = _kept.get(question)
        if found is None or found.state != state or not found.since <= now < found.until:
            return None, now, state
        _kept.move_to_end(question)
    return found, now, state


def _keep(question: Question, found: Kept) -> None:
    with _lock:
        _kept[question] = found
        _kept.move_to_end(question)
        while len(_kept) > MOST:
            _kept.popitem(last=False)


@contextmanager
def _alone(question: Question) -> Iterator[None]:
    """One at a time for each question."""
    with _lock:
        turn = _under_way.setdefault(question, Lock())
        _waiting[question] += 1
    try:
        with turn:
            yield
    finally:
        with _lock:
            _waiting[question] -= 1
            if not _waiting[question]:
                del _waiting[question], _under_way[question]
