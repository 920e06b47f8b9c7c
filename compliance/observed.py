"""What a check looks at: plain facts handed in by `releases`, so that checks know no other app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """One target as it was last seen. `running` is component → digest in the slot that serves.

    `serving` is the slot that carries the traffic, empty when none does.
    """

    environment: str
    region: str
    wanted_data_class: str
    data_class: str
    reachable: bool
    seen_at: datetime | None
    serving: str = ""
    running: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that checks may look at. `signed` is component → digest as it was signed."""

    now: datetime
    signed: Mapping[str, str]
    targets: tuple[TargetSeen, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check's answer: a verdict of `FindingVerdict`, a full sentence, and what it rests on."""

    verdict: str
    sentence: str
    data: Mapping[str, object] = field(default_factory=dict)
