"""Append lines to a run's progress: one sequence a run, masked where they come from outside.

Called by this room's services inside the transaction of the change that a line tells of. After commit
the run's readers are woken; if that is lost they poll. A look writes what it has to say in one go, at the
end of its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection

from deployments.models import DeploymentRun, ProgressLine
from deployments.states import LineKind
from events import clock
from events.doorbell import tell
from events.queries import masker

MAX_TEXT = 4000
TAKE_POSITIONS = "UPDATE deployments_progresshead SET seq = seq + %s WHERE run_id = %s RETURNING seq"


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
    first, now = _positions(run.pk, len(lines)), clock.now()
    ProgressLine.objects.bulk_create(
        ProgressLine(
            run=run,
            seq=first + offset,
            at=line.at or now,
            kind=line.kind.value,
            level=line.level,
            region=line.region,
            source=line.source,
            text=line.text[:MAX_TEXT],
            data=line.data,
        )
        for offset, line in enumerate(_masked(lines))
    )
    tell(group_of(run.pk), {"type": "wake"})
    return first + len(lines) - 1


def _positions(run_id: int, count: int) -> int:
    """The first of so many new positions; the head's row stays locked, so that none is ever missing."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_POSITIONS, (count, run_id))
        return int(cursor.fetchone()[0]) - count + 1


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
