"""Save what changes of a run and its steps once, at the end of a look's transaction.

A look makes several moves in one transaction, and each changes the same rows again. Called by outcomes and
looking; `leases.fenced` ends each such transaction. Until then the rows are in hand, locked under the fence,
so nothing may read them anew from the database within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from deployments.models import DeploymentRun, RunStep

KEPT = ("state", "started_at", "ended_at", "sentence", "data")
"""What of a step changes."""

_ROW = "(%s::bigint, %s, %s::timestamptz, %s::timestamptz, %s, %s::jsonb)"
_SAVE = """
UPDATE "deployments_runstep" AS step SET state = fresh.state, started_at = fresh.started_at,
    ended_at = fresh.ended_at, sentence = fresh.sentence, data = fresh.data
    FROM (VALUES {}) AS fresh (id, state, started_at, ended_at, sentence, data)
    WHERE step.id = fresh.id""".strip()


def save(run: DeploymentRun, row: DeploymentRun | RunStep, *fields: str) -> None:
    """Save these fields of the run or of a step of it: now, or with all others at the end of a look."""
    if run.unsaved is None:
        row.save(update_fields=fields)
    else:
        run.unsaved.setdefault(row, set()).update(fields)


@contextmanager
def together(run: DeploymentRun) -> Iterator[set[str]]:
    """Steps are saved when the block ends well; the fields of the run itself are left to the caller."""
    rows: dict[DeploymentRun | RunStep, set[str]] = {}
    own: set[str] = set()
    run.unsaved = rows  # type: ignore[assignment]
    try:
        yield own
    finally:
        run.unsaved = None
    own |= rows.pop(run, set())
    if rows:
        _save_steps(sorted(rows, key=lambda step: step.pk))


def _save_steps(steps: list[Any]) -> None:
    """All of them in one statement; whoever holds the run's fence is alone with its steps."""
    known = {field.name: field for field in RunStep._meta.concrete_fields}
    fields = [known[name] for name in KEPT]
    values: list[Any] = []
    for step in steps:
        values += [step.pk, *(f.get_db_prep_save(getattr(step, f.name), connection) for f in fields)]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE.format(", ".join([_ROW] * len(steps))), values)
