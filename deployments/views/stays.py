"""What a rolled-back run leaves behind, and what comes next, as far as its own record tells.

In: a run and its steps. Out: `Left`s for the page. Called by `deployments.views.run`.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployments import queries
from deployments.models import DeploymentRun, RunStep
from deployments.states import RunKind, RunState, StepState

STARTING = ("provision", "configure", "deploy")
BEGUN = frozenset({StepState.RUNNING, StepState.DONE, StepState.FAILED, StepState.RETURNED})


@dataclass(frozen=True, slots=True)
class Left:
    """One thing: icon, words, and the proof or the next act below it."""

    icon: str
    title: str
    sentence: str


def told(run: DeploymentRun, steps: list[RunStep]) -> list[Left]:
    """Empty unless the run was rolled back."""
    if run.run_state != RunState.ROLLED_BACK or run.run_kind != RunKind.DEPLOY:
        return []
    left = [_migration(step) for step in steps if step.kind == "migrate" and step.step_state in BEGUN]
    left.append(_green(run, steps))
    return [*left, _version(run), *_lock(run)] if queries.is_production(run.environment) else left


def _migration(step: RunStep) -> Left:
    if step.step_state == StepState.DONE:
        return Left("check", "The database step is not undone.", step.sentence or step.title)
    return Left("alert", "The database step had begun.", step.sentence or "Its end was not recorded.")


def _green(run: DeploymentRun, steps: list[RunStep]) -> Left:
    """Whether what the run started still stands: its taking down is a run of its own."""
    down = run.retire_runs.last()
    if down is None:
        began = any(step.kind in STARTING and step.step_state in BEGUN for step in steps)
        title = "Green stands as it is." if began else "Green never stood."
        return Left("info", title, "No run takes it down." if began else "There is nothing to take down.")
    if down.run_state == RunState.SUCCEEDED:
        return Left("check", "Green is not kept.", f"It was taken down by run {down.pk}.")
    return Left("wait", "Green is not kept.", f"Run {down.pk} takes it down: {down.sentence or 'it waits.'}")


def _lock(run: DeploymentRun) -> list[Left]:
    """The lock that a rollback puts on its environment, while it stands."""
    lock = queries.open_lock(run.environment)
    place = run.environment.name
    if lock is None:
        return [
            Left("check", f"{place.capitalize()} is not locked.", "No rollback waits for its lessons here.")
        ]
    until = "It ends when cause and lessons are recorded; a security release with a reason may pass."
    return [Left("lock", f"{place.capitalize()} is locked for ordinary runs. {lock.reason}", until)]


def _version(run: DeploymentRun) -> Left:
    serving = f"{run.blue.subject} took the traffic back. " if run.blue and run.traffic_at else ""
    return Left(
        "plus",
        f"{run.subject} does not start again here.",
        f"{serving}A fix goes out as a new release, with signatures of its own.",
    )
