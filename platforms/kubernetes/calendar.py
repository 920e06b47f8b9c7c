"""Sizes by the clock: how many pods a component has at a moment, in the local time of a named zone.

In come the times of the platform file, out goes a number. A time of the week that a change of the clock
leaves out or doubles counts by what the wall shows. Called by `render` (to check) and `sizes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_POINT = re.compile(r"(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):([0-5]\d)")
WEEK = 7 * 24 * 60


def problems(times: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with these times, as sentences."""
    found = []
    for entry in times:
        for key in ("from", "to"):
            if not _POINT.fullmatch(str(entry.get(key))):
                found.append(f"{key} must be a day and a time such as “mon 07:00”, not {entry.get(key)}.")
        if entry.get("zone") not in available_timezones():
            found.append(f"there is no time zone {entry.get('zone')}; give an IANA name.")
        if not isinstance(entry.get("replicas"), int) or not 1 <= entry["replicas"] <= 1000:
            found.append("replicas must be a number from 1 to 1000.")
    return found


def size_at(times: Sequence[Mapping[str, Any]], now: datetime, otherwise: int) -> int:
    """The largest size of the times that hold at that moment, else `otherwise`."""
    holding = [int(entry["replicas"]) for entry in times if _holds(entry, now)]
    return max(holding, default=otherwise)


def _holds(entry: Mapping[str, Any], now: datetime) -> bool:
    here = now.astimezone(ZoneInfo(str(entry["zone"])))
    minute = (here.weekday() * 24 + here.hour) * 60 + here.minute
    start, end = _minute(str(entry["from"])), _minute(str(entry["to"]))
    return (minute - start) % WEEK < (end - start) % WEEK


def _minute(point: str) -> int:
    found = _POINT.fullmatch(point)
    if found is None:
        return 0
    return (DAYS.index(found[1]) * 24 + int(found[2])) * 60 + int(found[3])
