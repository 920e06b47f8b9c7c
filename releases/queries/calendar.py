"""Freezes as spans of UTC: which of them touch a time, for an environment and a kind of release.

One query; the weekly ones are unrolled in Python (`releases.recurrence`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from releases.models import Freeze
from releases.recurrence import Weekly, spans


@dataclass(frozen=True, slots=True)
class Frozen:
    """One span of a freeze."""

    freeze: Freeze
    start: datetime
    end: datetime


def freezes() -> list[Freeze]:
    """Every freeze that stands, oldest first."""
    return list(Freeze.objects.filter(removed_at=None))


def frozen(
    start: datetime, end: datetime, *, environment: str, kind: str, among: Iterable[Freeze] | None = None
) -> list[Frozen]:
    """The spans that touch `start`–`end` and stop this kind of release, oldest first."""
    if among is None:
        among = Freeze.objects.filter(removed_at=None).filter(
            Q(starts_at=None) | Q(starts_at__lt=end, ends_at__gt=start)
        )
    stopping = (f for f in among if environment in f.environments and kind not in f.passes)
    found = [span for freeze in stopping for span in _spans(freeze, start, end)]
    return sorted(found, key=lambda span: span.start)


def _spans(freeze: Freeze, start: datetime, end: datetime) -> Iterator[Frozen]:
    if freeze.starts_at is not None and freeze.ends_at is not None:
        if freeze.starts_at < end and freeze.ends_at > start:
            yield Frozen(freeze, freeze.starts_at, freeze.ends_at)
        return
    weekly = weekly_of(freeze)
    if weekly is not None:
        for opens, closes in spans(weekly, start, end):
            yield Frozen(freeze, opens, closes)


def weekly_of(freeze: Freeze) -> Weekly | None:
    """The weekly span of a freeze that has one."""
    if freeze.from_day is None or freeze.to_day is None:
        return None
    if freeze.from_time is None or freeze.to_time is None:
        return None
    return Weekly(freeze.from_day, freeze.from_time, freeze.to_day, freeze.to_time, freeze.zone)
