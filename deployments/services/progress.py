"""Append lines to a run's progress: one sequence a run, masked where they come from outside.

Called by this room's services inside the transaction of the change that a line tells of. After commit
the run's readers are woken; if that is lost they poll. A look writes what it has to say in one go, at the
end of its transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from deployments.models import DeploymentRun
from deployments.states import LineKind
from events import clock
from events.doorbell import tell
from events.queries import masker

MAX_TEXT = 4000
APPEND = """
WITH head AS (UPDATE deployments_progresshead SET seq = seq + %s WHERE run_id = %s RETURNING run_id, seq)
INSERT INTO deployments_progressline (run_id, seq, at, kind, level, region, source, text, data)
SELECT head.run_id, head.seq - %s + line.number, line.at, line.kind, line.level, line.region, line.source,
    line.text, line.data::jsonb
FROM head, unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    WITH ORDINALITY AS line (at, kind, level, region, source, text, data, number)
RETURNING seq"""
"""Takes the next positions and writes the lines; the head's row stays locked, so that none is missing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to append. Lines of kind log are masked on their way in. `at` None: when it is written."""

    kind: LineKind
    text: str = ""
    region: str = ""
    source: str = "engine"
    level: str = "info"
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@contextmanager
def gathered(run: DeploymentRun) -> Iterator[None]:
    """Lines appended through this very row object are written together when the block ends well."""
    lines: list[Line] = []
    run.unwritten = lines
    try:
        yield
    finally:
        run.unwritten = None
    if lines:
        write(run, lines)


def append(run: DeploymentRun, lines: Sequence[Line]) -> None:
    """Append these lines in order, now or at the end of a look's transaction, and wake the readers after it.

    Call it after the run itself was locked, which keeps everybody else from the run's lines.
    """
    if run.unwritten is not None:
        run.unwritten += [replace(line, at=clock.now()) for line in lines]
    elif lines:
        write(run, lines)


def write(run: DeploymentRun, lines: Sequence[Line]) -> int:
    """Append these lines at once; returns the newest position."""
    now = clock.now()
    columns = zip(*(_columns(line, now) for line in _masked(lines)), strict=True)
    count = len(lines)
    with connection.cursor() as cursor:
        cursor.execute(APPEND, [count, run.pk, count, *map(list, columns)])
        newest = max(int(seq) for (seq,) in cursor.fetchall())
    tell(group_of(run.pk), {"type": "wake"})
    return newest


def _columns(line: Line, now: datetime) -> tuple[Any, ...]:
    data = json.dumps(line.data, cls=DjangoJSONEncoder)
    at = line.at or now
    return at, line.kind.value, line.level, line.region, line.source, line.text[:MAX_TEXT], data


def group_of(run_id: int) -> str:
    """The channel group of a run's readers."""
    return f"run.{run_id}"


def masked(text: str) -> str:
    """A text from outside (a reason, a last line) without what must not be stored or shown."""
    return masker().mask(text)[0] if text else text


def _masked(lines: Sequence[Line]) -> Iterable[Line]:
    """The lines with everything that a component or a job wrote masked; counts kept, values never."""
    filter_ = masker() if any(line.kind == LineKind.LOG for line in lines) else None
    for line in lines:
        if filter_ is None or line.kind != LineKind.LOG:
            yield line
            continue
        text, count = filter_.mask(line.text)
        yield replace(line, text=text, data={**line.data, "masked": count} if count else line.data)
