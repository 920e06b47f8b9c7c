"""The run's log as its page shows it: the newest lines, or those before one, of one filter.

In: a run and query parameters. Out: `LogView`. Called by `deployments.views.run`; static/js/progress.js
goes on from its last line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.http import QueryDict

from deployments.models import DeploymentRun, ProgressLine
from deployments.queries.progress import lines_of
from deployments.states import LineKind

WINDOW = 200
FILTERS = (("all", "All"), ("warnings", "Warnings"), ("steps", "Steps"))
WARNINGS = ("warn", "warning", "error", "fail", "critical")
TONES = {"warn": "watch", "warning": "watch", "error": "bad", "fail": "bad", "critical": "bad"}
MASK = "▮▮▮▮▮▮▮▮"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as it is shown."""

    seq: int
    at: datetime
    level: str
    source: str
    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class LogView:
    """A window of lines; `earlier` is the position to ask before, 0 when these are the first."""

    lines: list[LogLine]
    filter: str
    before: int
    earlier: int
    masked_words: str
    filters: tuple[tuple[str, str], ...] = field(default=FILTERS)


def log_view(run: DeploymentRun, asked: QueryDict) -> LogView:
    """The window that the address asks for."""
    wanted = asked.get("log", "all")
    wanted = wanted if wanted in dict(FILTERS) else "all"
    before = _number(asked.get("before", ""))
    found = lines_of(run).exclude(text="")
    if wanted == "warnings":
        found = found.filter(level__in=WARNINGS)
    elif wanted == "steps":
        found = found.exclude(kind=LineKind.LOG)
    if before:
        found = found.filter(seq__lt=before)
    rows = list(found.order_by("-seq")[: WINDOW + 1])
    more = len(rows) > WINDOW
    shown = [_line(row) for row in reversed(rows[:WINDOW])]
    masked = sum(line.text.count(MASK) for line in shown)
    words = f"Masking on, {masked} value{'' if masked == 1 else 's'} masked here"
    return LogView(shown, wanted, before, shown[0].seq if more else 0, words)


def _line(row: ProgressLine) -> LogLine:
    level = row.level if row.kind == LineKind.LOG else row.kind
    source = row.source or row.region
    return LogLine(row.seq, row.at, level, source, row.text, TONES.get(row.level, ""))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
