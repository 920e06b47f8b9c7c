"""What everybody sees alike is read once, and again after an event or a second."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from accounts.actors import system
from events import clock
from events.recent import NEWEST, Recent, newest_events
from events.services import record

pytestmark = pytest.mark.django_db
BY = system("tests").id


@pytest.fixture(autouse=True)
def _a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a second, so that a busy machine does not decide."""
    monkeypatch.setattr("events.recent.SECONDS", 60.0)


class Reading:
    """Counts how often it was read."""

    def __init__(self) -> None:
        self.times = 0
        self.recent = Recent(self._read)

    def _read(self) -> int:
        self.times += 1
        return self.times


def test_is_read_once_within_the_time() -> None:
    reading, now = Reading(), clock.now()
    for seconds in (0, 20, 30):
        with clock.at(now + timedelta(seconds=seconds)):
            assert reading.recent.get() == 1


@pytest.mark.parametrize("seconds", [61, 3600, -5])
def test_is_read_again_at_another_time(seconds: int) -> None:
    reading, now = Reading(), clock.now()
    with clock.at(now):
        reading.recent.get()
    with clock.at(now + timedelta(seconds=seconds)):
        assert reading.recent.get() == 2


def test_is_read_again_after_an_event() -> None:
    reading = Reading()
    reading.recent.get()
    record("release/1", "release.changed", BY)
    assert (reading.recent.get(), reading.recent.get()) == (2, 2)


def test_event_of_an_earlier_number_that_comes_later_is_seen() -> None:
    marks = []
    for _ in range(NEWEST + 2):
        record("release/1", "release.changed", BY)
        marks.append(newest_events())
    assert len(set(marks)) == len(marks), "each event gives another mark"


def test_failure_is_not_kept() -> None:
    answers = iter([ValueError("no"), None])

    def read() -> str:
        error = next(answers)
        if error:
            raise error
        return "read"

    recent = Recent(read)
    with pytest.raises(ValueError, match="no"):
        recent.get()
    assert recent.get() == "read"


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_are_answered_by_one_reading() -> None:
    reading, askers = Reading(), 4
    begun = time.monotonic()

    def slowly() -> int:
        while not all_wait() and time.monotonic() - begun < 30:
            pass
        return reading._read()

    recent, waiting = Recent(slowly), []

    def all_wait() -> bool:
        return len(waiting) == askers

    def ask(number: int) -> int:
        waiting.append(number)
        try:
            return recent.get()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(askers) as threads:
        assert list(threads.map(ask, range(askers), timeout=60)) == [1] * askers
