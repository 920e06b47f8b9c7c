"""Times in mails: UTC first, the recipient's own zone named beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Window = tuple[datetime, datetime]


def full(moment: datetime) -> str:
    """ "Wed 18 Nov 2026, 09:00 UTC"."""
    utc = moment.astimezone(UTC)
    return f"{_day(utc)}, {utc:%H:%M} UTC"


def with_zone(moment: datetime, zone: str) -> str:
    """ "Wed 18 Nov 2026, 09:00 UTC (10:00 in Europe/Berlin)"; the day too where it differs."""
    if _is_utc(zone):
        return full(moment)
    return f"{full(moment)} ({_local(moment, zone)} in {zone})"


def window_words(window: Window, zone: str) -> str:
    """Start and end in UTC, then the recipient's own."""
    start, end = window[0].astimezone(UTC), window[1].astimezone(UTC)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{_day(end)}, {end:%H:%M}"
    words = f"{_day(start)}, {start:%H:%M} to {until} UTC."
    if _is_utc(zone):
        return words
    return f"{words} That is {_local(start, zone)} to {_local(end, zone)} in {zone}."


def by_regions(start: datetime, regions: tuple[tuple[str, str], ...]) -> str:
    """When it is there as the window opens: "04:00 in us-east, 10:00 in eu-central"."""
    return ", ".join(f"{_local(start, zone)} in {name}" for name, zone in regions)


def _local(moment: datetime, zone: str) -> str:
    there, utc = moment.astimezone(ZoneInfo(zone)), moment.astimezone(UTC)
    same_day = there.date() == utc.date()
    return f"{there:%H:%M}" if same_day else f"{there:%a} {there.day} {there:%b} {there:%H:%M}"


def _day(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b %Y}"


def _is_utc(zone: str) -> bool:
    return zone in ("UTC", "Etc/UTC")
