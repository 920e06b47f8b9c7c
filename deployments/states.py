"""States of runs and steps, and what a person may want of a run (ARCHITECTURE: "Vocabulary and states").

The edges between them are the transitions of `deployments.models`; `docs/states.md` draws them.
"""

from __future__ import annotations

from django.db import models


class RunKind(models.TextChoices):
    """A run brings content into an environment, or takes an old colour down."""

    DEPLOY = "deploy", "Deploy"
    RETIRE = "retire", "Retire"


class RunState(models.TextChoices):
    """Where a run stands. "Holding" is a sentence of running; monitoring is the release's state."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    ROLLING_BACK = "rolling_back", "Rolling back"
    ROLLED_BACK = "rolled_back", "Rolled back"


ACTIVE = (RunState.RUNNING, RunState.PAUSED, RunState.ROLLING_BACK)
"""At most one run of an environment is in one of these."""

UNSUCCESSFUL = (RunState.FAILED, RunState.CANCELLED, RunState.ROLLED_BACK)
"""Ends whose green colour is taken down again."""

BEFORE_TRAFFIC_ONLY = (RunState.FAILED, RunState.CANCELLED)
"""Ends that a run which gave its green colour any weight can never have."""


class Intent(models.TextChoices):
    """What a person wants of a run, kept apart from what is observed."""

    GO = "go", "Go on"
    PAUSE = "pause", "Pause"
    CANCEL = "cancel", "Cancel"
    RETURN = "return", "Return"


class StepState(models.TextChoices):
    """Where a step stands; `returned` was undone or cut short by a return."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    RETURNED = "returned", "Returned"


class LineKind(models.TextChoices):
    """What a line of a run's progress tells of."""

    STEP = "step", "Step"
    WEIGHT = "weight", "Weight"
    SAMPLE = "sample", "Sample"
    LOG = "log", "Log"
    VERDICT = "verdict", "Verdict"
    STATE = "state", "State"
