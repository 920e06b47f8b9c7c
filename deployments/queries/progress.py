"""Lines of a run after a position, and samples of what was served, for charts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.expressions import RawSQL

from deployments.errors import RunNotFound
from deployments.models import DeploymentRun, ProgressHead, ProgressLine
from deployments.states import LineKind

MAX_LINES = 500
_MOMENT = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || CASE WHEN mod(extract(microseconds FROM at)::int, 1000000) = 0 THEN ''
    ELSE to_char(at AT TIME ZONE 'UTC', '.US') END || '+00:00'"""
_AS_JSON = RawSQL(  # noqa: S611  # nothing in it comes from outside
    "json_build_object('seq', seq, 'at', " + _MOMENT + ", 'kind', kind, 'level', level, 'region', region, "
    "'source', source, 'text', text, 'data', data)::text",
    (),
    TextField(),
)
"""What sockets and the API send of a line, written by the database: a page of lines costs no work here."""

Written = tuple[int, str]
"""A line's position and its JSON text."""


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
    days = ProgressHead.objects.filter(pk=run.pk).values_list("first_day", "last_day").first()
    return _lines_on(run.pk, *(days or (None, None)))


def _lines_on(run_id: int, first: date | None, last: date | None) -> QuerySet[ProgressLine]:
    found = ProgressLine.objects.filter(run_id=run_id).order_by("seq")
    if first is None or last is None:
        return found
    return found.filter(at__gte=_begin(first), at__lt=_begin(last + timedelta(days=1)))


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def progress(run: DeploymentRun, after: int = 0, limit: int = MAX_LINES) -> list[ProgressLine]:
    """The lines after that position, in order, at most `limit` (and never more than MAX_LINES)."""
    rows = lines_of(run).filter(seq__gt=after)
    return list(rows[: max(0, min(limit, MAX_LINES))])


@dataclass(frozen=True, slots=True)
class Followed:
    """Lines after a position as sockets and the API send them, and where the run stands.

    `head` is the newest position when the state was read: whoever has it has all that led to that state.
    """

    lines: list[Written]
    head: int
    state: str
    sentence: str


def follow(run_id: int, after: int = 0, limit: int = MAX_LINES) -> Followed:
    """What `progress` reads, as JSON text. Raises RunNotFound.

    Two queries, or one where nothing is new: the head is written with the lines that it counts.
    """
    known = ("head__seq", "state", "sentence", "head__first_day", "head__last_day")
    row = DeploymentRun.objects.order_by().filter(pk=run_id).values_list(*known).first()
    if row is None:
        raise RunNotFound(f"There is no run {run_id}.")
    head, state, sentence, first, last = row
    if head is not None and head <= after:
        return Followed([], int(head), str(state), str(sentence))
    rows = _lines_on(run_id, first, last).filter(seq__gt=after).values_list("seq", _AS_JSON)
    return Followed(list(rows[: max(0, min(limit, MAX_LINES))]), int(head or 0), str(state), str(sentence))


def written(lines: Sequence[Written], **more: Any) -> str:
    """A JSON object of these lines and more, as sockets and the API send it."""
    rest = json.dumps(more, ensure_ascii=False)[1:-1]
    return f'{{"lines": [{", ".join(text for _, text in lines)}], {rest}}}'


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
