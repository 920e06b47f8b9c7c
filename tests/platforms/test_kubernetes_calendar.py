"""Sizes by the clock of a zone: over midnight, over the week's end, and in both halves of the year."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from platforms.kubernetes.calendar import problems, size_at

WORK = {"from": "mon 07:00", "to": "fri 19:00", "zone": "Europe/Berlin", "replicas": 6}
NIGHT = {"from": "sun 22:00", "to": "mon 02:00", "zone": "America/New_York", "replicas": 9}


@pytest.mark.parametrize(
    ("moment", "size"),
    [
        (datetime(2026, 11, 2, 5, 59, tzinfo=UTC), 2),  # Monday 06:59 in Berlin's winter
        (datetime(2026, 11, 2, 6, 0, tzinfo=UTC), 6),
        (datetime(2026, 7, 6, 5, 0, tzinfo=UTC), 6),  # Monday 07:00 in Berlin's summer
        (datetime(2026, 11, 6, 18, 0, tzinfo=UTC), 2),  # Friday 19:00: the end is not in it
        (datetime(2026, 11, 8, 12, 0, tzinfo=UTC), 2),
    ],
)
def test_size_follows_the_wall_clock_of_its_zone(moment: datetime, size: int) -> None:
    assert size_at([WORK], moment, 2) == size


def test_times_go_over_the_end_of_the_week_and_the_largest_counts() -> None:
    assert size_at([NIGHT], datetime(2026, 11, 9, 3, 30, tzinfo=UTC), 1) == 9
    assert size_at([WORK, NIGHT], datetime(2026, 11, 9, 6, 30, tzinfo=UTC), 1) == 9


def test_wrong_times_are_told() -> None:
    wrong = {"from": "monday", "to": "fri 19:00", "zone": "Mars/Olympus", "replicas": 0}
    assert len(problems([wrong])) == 3
