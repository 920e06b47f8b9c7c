"""The steps of a run as its page lists them, with marks, durations and words.

In: a run and its RunSteps. Out: groups of rows. Called by `deployments.views.run`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from deployments.models import DeploymentRun, RunStep
from deployments.states import RunState, StepState

MARKS = {
    StepState.WAITING: ("next", "", "open", "waiting"),
    StepState.RUNNING: ("now", "live", "run", "running"),
    StepState.DONE: ("done", "ok", "check", "done"),
    StepState.FAILED: ("bad", "bad", "cross", "failed"),
    StepState.SKIPPED: ("skip", "", "cross", "skipped"),
    StepState.RETURNED: ("bad", "bad", "back", "rolled back"),
}


NAMES = {
    "prepare": "Before",
    "green": "Green",
    "shift": "Traffic",
    "finish": "After",
    "retire": "Old colour",
    "return": "Rollback",
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: its mark in the list, and how long it took or since when it runs."""

    title: str
    mark: str
    tone: str
    icon: str
    word: str
    loud: bool
    sentence: str
    took_seconds: float | None
    running_since: datetime | None
    undone: bool


@dataclass(frozen=True, slots=True)
class StepGroup:
    """Steps under one heading."""

    name: str
    done: int
    steps: list[StepRow]


def groups(run: DeploymentRun, steps: list[RunStep]) -> list[StepGroup]:
    """The steps in order, under the headings that the plan gave them."""
    made = []
    for name, members in groupby(steps, key=lambda step: step.group):
        rows = [_row(run, step) for step in members]
        made.append(StepGroup(NAMES.get(name, name.capitalize()), sum(r.mark == "done" for r in rows), rows))
    return made


def _row(run: DeploymentRun, step: RunStep) -> StepRow:
    mark, tone, icon, word = MARKS[step.step_state]
    if step.step_state == StepState.RUNNING and run.run_state == RunState.PAUSED:
        tone, icon, word = "watch", "pause", "paused"
    running = step.step_state == StepState.RUNNING
    took = None
    if step.started_at and step.ended_at:
        took = (step.ended_at - step.started_at).total_seconds()
    return StepRow(
        title=step.title,
        mark=mark,
        tone=tone,
        icon=icon,
        word=word,
        loud=mark in ("now", "bad"),
        sentence=step.sentence,
        took_seconds=took,
        running_since=step.started_at if running else None,
        undone=step.step_state == StepState.RETURNED,
    )


def words(steps: list[RunStep]) -> str:
    """ "11 done, 1 running, 6 to go" from the states alone."""
    counts = Counter(step.step_state for step in steps)
    named = (
        (StepState.DONE, "done"),
        (StepState.RUNNING, "running"),
        (StepState.FAILED, "failed"),
        (StepState.RETURNED, "rolled back"),
        (StepState.SKIPPED, "skipped"),
        (StepState.WAITING, "to go"),
    )
    return ", ".join(f"{counts[state]} {word}" for state, word in named if counts[state])


def ticks(steps: list[RunStep]) -> list[str]:
    """One mark per step for the thin line under the run bar."""
    return [MARKS[step.step_state][0] for step in steps]


def ticks_label(steps: list[RunStep]) -> str:
    """Where the run is, in words, for the same line."""
    reached = sum(step.step_state not in (StepState.WAITING, StepState.SKIPPED) for step in steps)
    return f"Step {reached} of {len(steps)}"
