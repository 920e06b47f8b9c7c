"""When somebody is reminded of a missing signature, and how many people then. Pure.

A reminder comes after a quarter of what is left until the window opens, at least half an hour and at most
a day after the last word; so they come faster as the window nears. Each goes to more people. What has no
window is reminded of each day, an emergency stop sooner, because everything waits for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

SOONEST, LATEST = timedelta(minutes=30), timedelta(days=1)
NEAR = timedelta(hours=2)
FIRST_OF_A_STOP = timedelta(hours=1)
SIGNERS, MANAGERS, EVERYBODY = 1, 2, 3
"""Levels: those who can sign; the Release Managers too; also the Administrators, who can name others."""


def next_at(last: datetime, window_start: datetime | None) -> datetime:
    """When the next reminder is due; `last` is when it was asked, or the last reminder."""
    if window_start is None:
        return last + LATEST
    return last + min(LATEST, max(SOONEST, (window_start - last) / 4))


def next_of_a_stop(last: datetime, count: int) -> datetime:
    """The same for the gate that lifts a stop: after an hour, then twice as long each time, at most a day."""
    return last + min(LATEST, FIRST_OF_A_STOP * (1 << min(count, 5)))


def level(count: int, now: datetime, window_start: datetime | None) -> int:
    """Who is told by a reminder after `count` earlier ones."""
    near = window_start is not None and window_start - now <= NEAR
    return EVERYBODY if near else min(EVERYBODY, count + 1)
