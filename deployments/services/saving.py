"""Save what changes of a run and its steps once, at the end of a look's transaction.

A look makes several moves in one transaction, and each changes the same rows again. Called by outcomes and
looking; `leases.fenced` ends each such transaction. Until then the rows are in hand, locked under the fence,
so nothing may read them anew from the database within it.

What every look writes is written by hand here: building these statements anew costs more than they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

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


def upsert(rows: Sequence[Model], unique: tuple[str, ...], changed: tuple[str, ...]) -> None:
    """Insert these rows of one model, or write these fields of those that are there by their unique ones."""
    if not rows:
        return
    statement, fields = _upsert(type(rows[0]), unique, changed)
    row = f"({', '.join(['%s'] * len(fields))})"
    values = [f.get_db_prep_save(getattr(row, f.attname), connection) for row in rows for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement.format(", ".join([row] * len(rows))), values)


_UPSERT = "INSERT INTO {} ({}) VALUES {{}} ON CONFLICT ({}) DO UPDATE SET {}"


@cache
def _upsert(
    model: type[Model], unique: tuple[str, ...], changed: tuple[str, ...]
) -> tuple[str, list[Field[Any, Any]]]:
    """The statement, its rows left open, and the fields of a row in their order."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    column = {field.name: f'"{field.column}"' for field in fields}
    fresh = ", ".join(f"{column[name]} = EXCLUDED.{column[name]}" for name in changed)
    key = ", ".join(column[name] for name in unique)
    return _UPSERT.format(f'"{model._meta.db_table}"', ", ".join(column.values()), key, fresh), fields
