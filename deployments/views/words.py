"""A run in one sentence that is true at the moment of reading, also long after the run has ended.

In: a run with its environment. Out: words. Called by the pages of this room and of the rooms above.
"""

from __future__ import annotations

from deployments.models import DeploymentRun
from deployments.states import RunKind, RunState


def told(run: DeploymentRun) -> str:
    """What to say of the run now; while it moves that is its own sentence."""
    if run.run_state == RunState.ROLLED_BACK:
        where = f"traffic went back to {run.blue.subject}" if run.blue else "it was taken down"
        return f"{run.subject} was rolled back in {run.environment.name}; {where}."
    ended = run.run_state == RunState.SUCCEEDED and run.run_kind == RunKind.DEPLOY
    if ended and run.environment.serving_id != run.pk:
        return f"{run.subject} served in {run.environment.name} until something else took over."
    if ended and run.closed_at is not None:
        return f"{run.subject} serves in {run.environment.name}; its way back is closed."
    return run.sentence or f"{run.subject} waits in {run.environment.name}."


def because(run: DeploymentRun) -> str:
    """Why a run was rolled back, without what `told` says already."""
    first, separator, rest = run.sentence.partition(". ")
    return rest if separator and first.startswith("Rolled back") else run.sentence
