"""A freeze as people write it (platform file, page) and as its row keeps it. Pure.

Once: `starts` and `ends`, local in `zone` where they carry no offset. Weekly: {"from": "fri 16:00",
"to": "mon 06:00"}, local in `zone`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django.utils.dateparse import parse_datetime

from releases.recurrence import is_zone, local
from releases.texts import Faults, fault

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
POINT = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]* ([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Span:
    """When a freeze stands; either the first two or the next four are given."""

    starts_at: datetime | None
    ends_at: datetime | None
    from_day: int | None
    from_time: time | None
    to_day: int | None
    to_time: time | None
    zone: str

    def put(self, freeze: Any) -> None:
        """Write it into a row."""
        for name in ("starts_at", "ends_at", "from_day", "from_time", "to_day", "to_time", "zone"):
            setattr(freeze, name, getattr(self, name))


FILE_NAMES = ("starts", "ends")
"""What the platform file calls beginning and end; API and pages name them otherwise."""


def read_span(
    given: Mapping[str, Any], path: str, faults: Faults, once: tuple[str, str] = FILE_NAMES
) -> Span:
    """The span in `given` (those of `once`, weekly, zone); faults go under `path`, by the same names."""
    zone = given.get("zone") or "Etc/UTC"
    if not is_zone(zone):
        fault(faults, f"{path}zone", "The zone is an IANA name such as Europe/Berlin.")
        zone = "Etc/UTC"
    weekly = given.get("weekly")
    if weekly is None:
        return _once(given, path, zone, faults, *once)
    if any(given.get(name) is not None for name in once):
        fault(faults, f"{path}weekly", f"A freeze stands once ({', '.join(once)}) or weekly, not both.")
    return _weekly(weekly, path, zone, faults)


def _once(given: Mapping[str, Any], path: str, zone: str, faults: Faults, opening: str, closing: str) -> Span:
    starts = _moment(given.get(opening), f"{path}{opening}", zone, faults, earliest=True)
    ends = _moment(given.get(closing), f"{path}{closing}", zone, faults, earliest=False)
    if starts and ends and ends <= starts:
        fault(faults, f"{path}{closing}", "A freeze must end after it starts.")
    return Span(starts, ends, None, None, None, None, zone)


def _moment(value: object, path: str, zone: str, faults: Faults, *, earliest: bool) -> datetime | None:
    try:
        found = parse_datetime(value) if isinstance(value, str) else value
        if isinstance(found, datetime):
            return local(found, zone, earliest=earliest).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    fault(faults, path, "Give a date and time such as 2026-12-19T00:00:00.")
    return None


def _weekly(given: object, path: str, zone: str, faults: Faults) -> Span:
    points = [
        POINT.fullmatch(str(given.get(key, "")).lower()) if isinstance(given, Mapping) else None
        for key in ("from", "to")
    ]
    opens, closes = points
    if opens is None or closes is None:
        fault(faults, f"{path}weekly", 'Give from and to, such as {from: "fri 16:00", to: "mon 06:00"}.')
        return Span(None, None, None, None, None, None, zone)
    if opens.groups() == closes.groups():
        fault(faults, f"{path}weekly", "From and to are the same; the freeze would never end.")
    return Span(None, None, *_point(opens), *_point(closes), zone)


def _point(found: re.Match[str]) -> tuple[int, time]:
    day, hour, minute = found.groups()
    return DAYS.index(day), time(int(hour), int(minute))
