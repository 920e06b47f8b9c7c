"""The months of the record: made ahead of time by `prepare` and once a day, so that none is ever missing."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

AHEAD = 3
"""Months."""


def make_ahead(now: datetime, ahead: int = AHEAD) -> list[str]:
    """Have the partitions of this month and of the next ones; returns the names of those made now.

    An event of a month without one goes to `events_event_elsewhen`, and nothing is lost.
    """
    months = range(now.year * 12 + now.month - 1, now.year * 12 + now.month + ahead)
    made = [make(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)) for month in months]
    return [name for name in made if name]


def make(month: datetime) -> str | None:
    """Have the partition of the month; its name, or None where it was there or cannot be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT events_make_partition(%s::date)", [month.date()])
        found: tuple[str | None] = cursor.fetchone()
    return found[0]


def months() -> list[tuple[str, datetime]]:
    """Partitions of months with the first moment after each, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
            " WHERE inhparent = 'events_event'::regclass AND relname ~ '^events_event_y[0-9]{4}m[0-9]{2}$'"
            " ORDER BY relname"
        )
        return [(name, _end(name)) for (name,) in cursor.fetchall()]


def _end(name: str) -> datetime:
    year, month = int(name[-7:-3]), int(name[-2:])
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
