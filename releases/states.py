"""The words of a release: its states, kinds, lists and verdicts (ARCHITECTURE: "Vocabulary and states").

`docs/states.md` draws the same graph; a test compares the two.
"""

from __future__ import annotations

from typing import Literal

from django.db import models


class ReleaseState(models.TextChoices):
    """Where a release stands on its way to production."""

    DRAFT = "draft", "Draft"
    STAGING = "staging", "Staging"
    VALIDATING = "validating", "Validating"
    REVIEW = "review", "In review"
    APPROVED = "approved", "Approved"
    DEPLOYING = "deploying", "Deploying"
    MONITORING = "monitoring", "Monitoring"
    COMPLETED = "completed", "Completed"
    REJECTED = "rejected", "Rejected"
    ROLLED_BACK = "rolled_back", "Rolled back"
    SUPERSEDED = "superseded", "Superseded"
    CANCELLED = "cancelled", "Cancelled"


ENDS = frozenset(
    {ReleaseState.COMPLETED, ReleaseState.ROLLED_BACK, ReleaseState.SUPERSEDED, ReleaseState.CANCELLED}
)
"""A release in one of these is never reopened; `follow_up` makes a new one."""

BEFORE_START = frozenset(
    {
        ReleaseState.DRAFT,
        ReleaseState.STAGING,
        ReleaseState.VALIDATING,
        ReleaseState.REVIEW,
        ReleaseState.APPROVED,
        ReleaseState.REJECTED,
    }
)
"""The states from which a release can be cancelled."""

FROZEN = frozenset(ReleaseState) - {
    ReleaseState.DRAFT,
    ReleaseState.STAGING,
    ReleaseState.VALIDATING,
    ReleaseState.CANCELLED,
}
"""The states whose releases carry a frozen plan and a seal."""

MOVING = frozenset(
    {
        ReleaseState.STAGING,
        ReleaseState.REVIEW,
        ReleaseState.APPROVED,
        ReleaseState.DEPLOYING,
        ReleaseState.MONITORING,
    }
)
"""The states in which time, a run or a person's role can move a release; `sweep` looks at these."""


class Kind(models.TextChoices):
    """What sort of release this is; freezes and emergencies ask for it."""

    FEATURE = "feature", "Feature"
    BUGFIX = "bugfix", "Bug fix"
    SECURITY = "security", "Security"
    MAJOR = "major", "Major"


class ItemList(models.TextChoices):
    """The two lists of a release (strategy: pre-deployment checklist, staging validation)."""

    CHECKLIST = "checklist", "Checklist"
    VALIDATION = "validation", "Validation"


class Outcome(models.TextChoices):
    """What somebody found for one item."""

    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    NOT_APPLICABLE = "not_applicable", "Not applicable"


class Verdict(models.TextChoices):
    """What a fact of readiness says; only `blocks` stops."""

    CLEAR = "clear", "Clear"
    WATCH = "watch", "Watch"
    BLOCKS = "blocks", "Blocks"


class MigrationClass(models.TextChoices):
    """What a migration does to the way back."""

    NONE = "none", "None"
    EXPAND = "expand", "Expand"
    CONTRACT = "contract", "Contract"
    IRREVERSIBLE = "irreversible", "Irreversible"


class ComponentKind(models.TextChoices):
    """How a component runs."""

    HTTP = "http", "HTTP service"
    WORKER = "worker", "Worker"
    SCHEDULE = "schedule", "Schedule"


Moment = Literal["sign", "go", "start", "carry_on"]
"""When readiness is asked: before a signature, before the go, at the start, and while it runs."""

MOMENTS: tuple[Moment, ...] = ("sign", "go", "start", "carry_on")
Answer = Literal["go", "wait", "no_go"]
