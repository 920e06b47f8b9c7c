"""Green against blue: charts from samples of what was served, and the judge's newest rows.

In: samples, verdict rows and limits of one region. Out: `MetricView`s and `LimitRow`s. A stretch
without requests is a gap in the line, never a zero. Called by `deployments.views.run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deployments.analysis import Served
from deployments.models import DeploymentRun
from deployments.queries import Sample
from deployments.views.traffic import scale

Point = tuple[datetime, float]
TONES = {"pass": "ok", "fail": "bad", "inconclusive": "watch", "error": "watch"}
LABELS = {
    "errors": "Error rate",
    "p95": "p95 latency",
    "errors against blue": "Errors against blue",
    "p95 against blue": "p95 against blue",
}


@dataclass(frozen=True, slots=True)
class MetricView:
    """One chart: both lines, the limit, the weights as marks, and the newest figures in words."""

    name: str
    label: str
    unit: str
    decimals: int
    top: float
    limit: float
    limit_words: str
    start: datetime
    end: datetime
    gap_seconds: float
    blue: Sequence[Point]
    green: Sequence[Point]
    green_words: str
    blue_words: str
    marks: Sequence[tuple[datetime, str]] = field(default_factory=list)

    @property
    def scale(self) -> list[tuple[datetime, str]]:
        """Three moments for the foot of the chart."""
        return scale(self.start, self.end, 2)


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit: what is allowed, how much of it is used, and the verdict."""

    label: str
    green: str
    blue: str
    allowed: str
    used: float | None
    used_words: str
    tone: str
    verdict: str


def limit_rows(rows: Sequence[Mapping[str, Any]]) -> list[LimitRow]:
    """The judge's rows in words."""
    return [_limit_row(row) for row in rows]


def _limit_row(row: Mapping[str, Any]) -> LimitRow:
    unit, used = str(row["unit"]), row["used_percent"]
    label = LABELS.get(row["name"], str(row["name"]).capitalize())
    outcome = str(row["outcome"])
    tone = "watch" if outcome == "pass" and used is not None and used > 80 else TONES.get(outcome, "idle")
    words = f"{label}: {used:.0f} percent of the limit used" if used is not None else ""
    return LimitRow(
        label=label,
        green=figure(row["green"], unit),
        blue=figure(row["blue"], unit),
        allowed=f"≤ {figure(row['allowed'], unit)}",
        used=None if used is None else min(100.0, used),
        used_words=words,
        tone=tone,
        verdict=outcome,
    )


def figure(value: float | None, unit: str) -> str:
    """A measured figure with its unit; a dash where nothing was measured."""
    if value is None:
        return "–"
    return f"{value:.2f} %" if unit == "%" else f"{value:.0f} {unit}"


def charts(run: DeploymentRun, samples: Sequence[Sample], region: str) -> list[MetricView]:
    """Error rate and p95 of one region over the time in which green was sampled; [] without samples."""
    mine = [sample for sample in samples if sample.region == region]
    if len(mine) < 2:
        return []
    span = (mine[-1].at - mine[0].at).total_seconds()
    over = timedelta(seconds=max(10.0, min(120.0, span / 12)))
    blue_slot = run.blue.slot if run.blue else ""
    green = list(_rates(mine, run.slot, over))
    blue = list(_rates(mine, blue_slot, over)) if blue_slot else []
    limits = run.plan.get("limits", {})
    shared = (mine, over, _marks(mine, run.slot))
    made = []
    if "error_percent" in limits:
        made.append(_metric("Error rate", "%", 2, float(limits["error_percent"]), 1, green, blue, *shared))
    if "p95_ms" in limits:
        made.append(_metric("p95 latency", "ms", 0, float(limits["p95_ms"]), 2, green, blue, *shared))
    return made


Rate = tuple[datetime, float, float | None]


def _rates(samples: Sequence[Sample], slot: str, over: timedelta) -> Iterator[Rate]:
    """(moment, error percent, p95 in ms) over the time before each sample, where requests were served."""
    totals = [(sample.at, _served(sample.served.get(slot) or {})) for sample in samples]
    first = 0
    for at, total in totals:
        while first + 1 < len(totals) and totals[first + 1][0] <= at - over:
            first += 1
        grown = total.since(totals[first][1])
        if grown.requests > 0:
            yield at, grown.error_rate * 100, grown.quantile(0.95)


def _served(value: Mapping[str, Any]) -> Served:
    """What a slot served, over all its edge components."""
    if "requests" in value:
        return Served.of_json(value)
    total = Served()
    for part in value.values():
        total = total + Served.of_json(part)
    return total


def _metric(
    name: str,
    unit: str,
    decimals: int,
    limit: float,
    column: int,
    green: list[Rate],
    blue: list[Rate],
    samples: Sequence[Sample],
    over: timedelta,
    marks: list[tuple[datetime, str]],
) -> MetricView:
    lines = [_line(rates, column) for rates in (green, blue)]
    highest = max((value for line in lines for _, value in line), default=0.0)
    words = [figure(line[-1][1] if line else None, unit) for line in lines]
    top = max(limit * 1.5, highest * 1.1)
    spoken = f"{name}: green {words[0]}" + (f", blue {words[1]}" if lines[1] else "")
    return MetricView(
        name=name,
        label=f"{spoken}, limit {figure(limit, unit)}, each over {over.total_seconds():.0f} seconds",
        unit=unit,
        decimals=decimals,
        top=top,
        limit=limit,
        limit_words=f"limit {figure(limit, unit)}",
        start=samples[0].at,
        end=samples[-1].at,
        gap_seconds=max(15.0, over.total_seconds()),
        green=lines[0],
        blue=lines[1],
        green_words=words[0],
        blue_words=words[1] if lines[1] else "",
        marks=marks,
    )


def _line(rates: list[Rate], column: int) -> list[Point]:
    found = ((rate[0], rate[1] if column == 1 else rate[2]) for rate in rates)
    return [(at, value) for at, value in found if value is not None]


def _marks(samples: Sequence[Sample], slot: str) -> list[tuple[datetime, str]]:
    """Where the weight of green changed."""
    marks: list[tuple[datetime, str]] = []
    last: int | None = None
    for sample in samples:
        weight = int(sample.weights.get(slot, 0))
        if weight != last and last is not None:
            marks.append((sample.at, f"{weight} %"))
        last = weight
    return marks[-6:]
