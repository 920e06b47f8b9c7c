"""One fact of readiness, and how the facts of each moment are made from a dossier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from releases.queries.dossier import Dossier
from releases.states import Verdict


@dataclass(frozen=True, slots=True)
class Fact:
    """`name` is stable; `value` is short, `sentence` full; `at` is when it was so; `who` can clear it.

    `final` marks a fact that says no, rather than not yet.
    """

    name: str
    label: str
    verdict: str
    value: str
    sentence: str
    source: str = "portal"
    at: datetime | None = None
    age_seconds: int | None = None
    who: str = ""
    link: str = ""
    final: bool = False

    @property
    def blocks(self) -> bool:
        """True when this fact stops."""
        return self.verdict == Verdict.BLOCKS


Maker = Callable[[Dossier], "Fact | None"]


def clear(name: str, label: str, value: str, sentence: str, *, at: datetime | None = None) -> Fact:
    """A fact that stands in nobody's way."""
    return Fact(name, label, Verdict.CLEAR, value, sentence, at=at)


def watch(name: str, label: str, value: str, sentence: str, *, who: str = "") -> Fact:
    """A fact that somebody should look at."""
    return Fact(name, label, Verdict.WATCH, value, sentence, who=who)


def blocks(name: str, label: str, value: str, sentence: str, *, who: str, final: bool = False) -> Fact:
    """A fact that stops, with who can clear it."""
    return Fact(name, label, Verdict.BLOCKS, value, sentence, who=who, final=final)


def listed(names: list[str]) -> str:
    """Names as they read in a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def utc(moment: datetime) -> str:
    """A time as it reads in a sentence; seconds only where there are any, so that "15:12" is never a lie."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment.second else f"{moment:%Y-%m-%d %H:%M} UTC"
