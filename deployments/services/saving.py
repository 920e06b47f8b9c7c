"""Save what changes of a run and its steps once, at the end of a look's transaction.

A look makes several moves in one transaction, and each changes the same rows again. Called by outcomes and
looking; `leases.fenced` ends each such transaction. Until then the rows are in hand, locked under the fence,
so nothing may read them anew from the database within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deployments.models import DeploymentRun, RunStep


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
    for step, fields in sorted(rows.items(), key=lambda entry: entry[0].pk):
        step.save(update_fields=fields)
