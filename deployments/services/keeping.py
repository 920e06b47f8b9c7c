"""The days of progress: made ahead of time, dropped whole when their ninety days are over.

Called once a day by a task, and by `prepare`. A day that is missing costs nothing: its lines go to the
partition of all other days, and are deleted from there when their time is over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from events import clock

log = logging.getLogger(__name__)

KEEP_DAYS = 90
AHEAD_DAYS = 7
PATIENCE_MS = 2000
"""A table is dropped or made under a lock; whoever reads for longer than this is not held up behind it."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Partitions that were dropped, and how many lines of other days were deleted."""

    dropped: tuple[str, ...]
    deleted: int


def make_days(first: date, last: date) -> list[str]:
    """Have a partition for each of these days; returns the names of those made now."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    made = [_make(day) for day in days]
    return [name for name in made if name]


def make_days_ahead() -> list[str]:
    """Have the partitions of today and the next days, in UTC."""
    today = clock.now().astimezone(UTC).date()
    return make_days(today, today + timedelta(days=AHEAD_DAYS))


def clear_old_progress() -> Cleared:
    """Drop every day that ended ninety days ago; the audit record stays.

    A day that is read right now is left for the next time.
    """
    limit = clock.now() - timedelta(days=KEEP_DAYS)
    dropped = [name for name, end in days() if end <= limit and _drop(name)]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM deployments_progressline_elsewhen WHERE at < %s", [limit])
        deleted = cursor.rowcount
    log.info("progress of %d days dropped, %d lines of other days deleted", len(dropped), deleted)
    return Cleared(tuple(dropped), deleted)


def days() -> Iterator[tuple[str, datetime]]:
    """Partitions of days with the first moment after each, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            "WHERE inhparent = 'deployments_progressline'::regclass "
            "AND relname ~ '_y[0-9]{4}m[0-9]{2}d[0-9]{2}$' ORDER BY relname"
        )
        names = [str(name) for (name,) in cursor.fetchall()]
    for name in names:
        day = datetime.strptime(name[-11:], "y%Ym%md%d").replace(tzinfo=UTC)
        yield name, day + timedelta(days=1)


def _make(day: date) -> str | None:
    name: str | None = _under_lock("SELECT deployments_make_day(%s)", day)
    return name


def _drop(name: str) -> bool:
    return _under_lock(f"DROP TABLE {name}") is not None


def _under_lock(statement: str, *values: date) -> str | None:
    """What it answers (its own text when nothing), or None where the lock cannot be had now."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            cursor.execute(statement, values)
            return cursor.fetchone()[0] if cursor.description else statement
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        log.warning("%s: not now, somebody reads it", statement)
        return None
