"""Lines of a run after a position, and samples of what was served, for charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet

from deployments.models import DeploymentRun, ProgressHead, ProgressLine
from deployments.states import LineKind

MAX_LINES = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one region: weights, and per slot what was served since the run first looked."""

    seq: int
    at: datetime
    region: str
    weights: dict[str, int]
    served: dict[str, dict[str, Any]]
    draining: int


def lines_of(run: DeploymentRun) -> QuerySet[ProgressLine]:
    """All lines of a run in order, asked of the days alone on which the run wrote any.

    Without those days every partition would be looked into. A run without a head is asked of all.
    """
    found = ProgressLine.objects.filter(run_id=run.pk).order_by("seq")
    head = ProgressHead.objects.filter(pk=run.pk).only("first_day", "last_day").first()
    if head is None or head.first_day is None or head.last_day is None:
        return found
    return found.filter(at__gte=_begin(head.first_day), at__lt=_begin(head.last_day + timedelta(days=1)))


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def progress(run: DeploymentRun, after: int = 0, limit: int = MAX_LINES) -> list[ProgressLine]:
    """The lines after that position, in order, at most `limit` (and never more than MAX_LINES)."""
    rows = lines_of(run).filter(seq__gt=after)
    return list(rows[: max(0, min(limit, MAX_LINES))])


def line_json(line: ProgressLine) -> dict[str, Any]:
    """A line as sockets and the API send it."""
    return {
        "seq": line.seq,
        "at": line.at.isoformat(),
        "kind": line.kind,
        "level": line.level,
        "region": line.region,
        "source": line.source,
        "text": line.text,
        "data": line.data,
    }


def samples(run: DeploymentRun, *, since: datetime | None = None, at_most: int = 300) -> list[Sample]:
    """Samples of a run in order, thinned out evenly to about `at_most` where there are more."""
    lines = lines_of(run)
    rows = lines.filter(kind=LineKind.SAMPLE)
    if since is not None:
        rows = rows.filter(at__gte=since)
    seqs = list(rows.values_list("seq", flat=True))
    wanted = seqs if len(seqs) <= at_most else [*seqs[:: len(seqs) // at_most + 1], seqs[-1]]
    return [
        Sample(
            line.seq,
            line.at,
            line.region,
            dict(line.data.get("weights", {})),
            dict(line.data.get("served", {})),
            int(line.data.get("draining", 0)),
        )
        for line in lines.filter(seq__in=wanted)
    ]
