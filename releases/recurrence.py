"""Spans of local time that come back every week, as moments of UTC. Pure.

Stored as local time and zone, so that "Friday 16:00" stays Friday 16:00 when clocks change. Around
a change of clocks a span is taken at its longest: a skipped or repeated hour never opens a freeze.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Weekly:
    """From a weekday's time to a weekday's time (Monday is 0), over the week's end where it is earlier."""

    from_day: int
    from_time: time
    to_day: int
    to_time: time
    zone: str

    @property
    def days(self) -> int:
        """Whole days between the two weekdays; 7 when the span ends on its own weekday, but earlier."""
        gap = (self.to_day - self.from_day) % 7
        return 7 if gap == 0 and self.to_time <= self.from_time else gap


def spans(weekly: Weekly, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans in UTC that touch `start`–`end`, oldest first."""
    zone = ZoneInfo(weekly.zone)
    # Two days of margin: a zone's date may be a day away from UTC's, and clocks may change.
    day = (start.astimezone(zone) - WEEK - timedelta(days=2)).date()
    last = (end.astimezone(zone) + timedelta(days=2)).date()
    while day <= last:
        if day.weekday() == weekly.from_day:
            opens = _moment(day, weekly.from_time, zone, earliest=True)
            closes = _moment(day + timedelta(days=weekly.days), weekly.to_time, zone, earliest=False)
            if opens < end and closes > start:
                yield opens, closes
        day += timedelta(days=1)


def _moment(day: date, at: time, zone: ZoneInfo, *, earliest: bool) -> datetime:
    """The local time in UTC; of the two readings that a change of clocks leaves, the wanted one."""
    readings = _readings(datetime.combine(day, at), zone)
    return min(readings) if earliest else max(readings)


def _readings(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Both readings of a local time in UTC; they differ only where clocks change."""
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def local(moment: datetime, zone: str, *, earliest: bool = True) -> datetime:
    """A moment given without an offset, read as local time in `zone`; one with an offset stays itself.

    Where a change of clocks leaves two readings it is the earliest or the latest.
    """
    if moment.tzinfo is not None:
        return moment
    readings = _readings(moment, ZoneInfo(zone))
    return min(readings) if earliest else max(readings)


def unclear(moment: datetime, zone: str) -> str:
    """Why a local time names no one moment, and what to give instead; "" where it does or has an offset."""
    if moment.tzinfo is not None:
        return ""
    here = ZoneInfo(zone)
    first, second = _readings(moment, here)
    if first == second:
        return ""
    said = f"{moment:%Y-%m-%d %H:%M}"
    if first.astimezone(here).replace(tzinfo=None) != moment:
        later = first.astimezone(here)
        return f"{said} does not exist in {zone}: clocks are put forward. Give {later:%Y-%m-%d %H:%M}."
    choice = f"{first:%Y-%m-%d %H:%M} or {second:%Y-%m-%d %H:%M}"
    return f"{said} comes twice in {zone}: clocks are put back. Give it in UTC: {choice}."


def is_zone(name: object) -> bool:
    """True for an IANA zone that this machine knows."""
    if not isinstance(name, str) or not name or name.startswith(("/", ".")):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def plain_zone(name: str) -> str:
    """A zone as people read it: UTC by its one name."""
    return "UTC" if name == "Etc/UTC" else name
