"""The release, who wrote it, what it was at each revision, and who watches its start.

State moves by the transitions below and no other way; they take no arguments, and what must hold
is asked by `releases.services`, which own the transaction.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django_fsm import FSMField, transition

from events import clock
from releases.states import ENDS, FROZEN, Kind, ReleaseState

DRAFT, STAGING, VALIDATING = (
    ReleaseState.DRAFT.value,
    ReleaseState.STAGING.value,
    ReleaseState.VALIDATING.value,
)
REVIEW, APPROVED, DEPLOYING = (
    ReleaseState.REVIEW.value,
    ReleaseState.APPROVED.value,
    ReleaseState.DEPLOYING.value,
)
MONITORING, REJECTED = ReleaseState.MONITORING.value, ReleaseState.REJECTED.value
ENDED = sorted(state.value for state in ENDS)
STARTED = [DEPLOYING, MONITORING, ReleaseState.ROLLED_BACK.value, ReleaseState.SUPERSEDED.value]


class Release(models.Model):
    """One version of the platform on its way to production.

    `brings` names the components that the release itself brings; the others in `content` were
    copied from `base_run`. `first_request` is what the first call named, for repeats. `plan` and
    `seal` are frozen by `submit` and empty before. `revision` counts every change (ETag).
    """

    version = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=200, blank=True)
    notes = models.TextField(blank=True)
    state = FSMField(default=DRAFT, choices=ReleaseState.choices, protected=True)
    commit = models.CharField(max_length=100)
    content = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    brings = models.JSONField(default=list)
    first_request = models.JSONField(default=dict)
    base_run = models.ForeignKey(
        "deployments.DeploymentRun", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    plan = models.JSONField(null=True, blank=True)
    seal = models.CharField(max_length=64, blank=True)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    window_zone = models.CharField(max_length=60, blank=True)
    gate = models.ForeignKey(
        "approvals.Gate", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    staging_run = models.ForeignKey(
        "deployments.DeploymentRun", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    production_run = models.ForeignKey(
        "deployments.DeploymentRun", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    follows = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="followed_by"
    )
    emergency = models.BooleanField(default=False)
    emergency_reason = models.TextField(blank=True)
    forward_fix_plan = models.TextField(blank=True)
    monitoring_ends_at = models.DateTimeField(null=True, blank=True)
    extended_because = models.TextField(blank=True)
    closing_reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        """What can be held by the database is."""

        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ReleaseState.values), name="release_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="release_kind_known"),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(state.value for state in FROZEN))
                | (Q(plan__isnull=False) & ~Q(seal="")),
                name="release_frozen_has_seal",
            ),
            models.CheckConstraint(
                condition=Q(window_start=None, window_end=None) | Q(window_end__gt=F("window_start")),
                name="release_window_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=STARTED) | Q(production_run__isnull=False),
                name="release_started_has_run",
            ),
            models.CheckConstraint(
                condition=Q(emergency=False) | (Q(kind=Kind.SECURITY.value) & ~Q(emergency_reason="")),
                name="release_emergency_is_security",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False)
                | (~Q(state__in=ENDED) & Q(ended_at=None)),
                name="release_ended_has_time",
            ),
        )
        indexes = (
            models.Index(fields=("state", "id"), name="release_by_state"),
            models.Index(fields=("-created_at", "-id"), name="release_newest"),
            models.Index(fields=("-changed_at", "-id"), name="release_last_changed"),
            models.Index(fields=("kind", "id"), name="release_by_kind"),
            models.Index(fields=("content_hash",), name="release_by_content"),
            GinIndex(fields=("content",), name="release_by_parts", opclasses=("jsonb_path_ops",)),
            GinIndex(fields=("brings",), name="release_by_brought", opclasses=("jsonb_path_ops",)),
        )

    def __str__(self) -> str:
        return self.version

    @property
    def status(self) -> ReleaseState:
        """The state, typed."""
        return ReleaseState(self.state)

    @property
    def stream(self) -> str:
        """The stream of events about this release."""
        return f"release/{self.version}"

    @property
    def link(self) -> str:
        """The path of this release's page."""
        return f"/releases/{self.version}/"

    @property
    def label(self) -> str:
        """How people name it."""
        return f"{self.version} {self.title}".strip()

    @transition(field=state, source=DRAFT, target=STAGING)
    def stage(self) -> None:
        """A staging run was queued."""

    @transition(field=state, source=STAGING, target=VALIDATING)
    def validate(self) -> None:
        """Staging runs this content."""

    @transition(field=state, source=STAGING, target=DRAFT)
    def fail_staging(self) -> None:
        """The staging run failed, was cancelled or went back."""

    @transition(field=state, source=VALIDATING, target=DRAFT)
    def fail_validation(self) -> None:
        """A validation failed."""

    @transition(field=state, source=[VALIDATING, REVIEW, APPROVED], target=DRAFT)
    def change_content(self) -> None:
        """What was proved and signed is no more."""

    @transition(field=state, source=VALIDATING, target=REVIEW)
    def submit(self) -> None:
        """The plan is frozen and the gate asks."""

    @transition(field=state, source=REVIEW, target=APPROVED)
    def approve(self) -> None:
        """The Release Manager said go."""

    @transition(field=state, source=APPROVED, target=REVIEW)
    def return_to_review(self) -> None:
        """The go no longer stands: window missed or moved, plan changed, signature lost."""

    @transition(field=state, source=APPROVED, target=DEPLOYING)
    def start(self) -> None:
        """A production run was queued."""

    @transition(field=state, source=DEPLOYING, target=REVIEW)
    def end_early(self) -> None:
        """The run ended before any production weight."""

    @transition(field=state, source=DEPLOYING, target=MONITORING)
    def monitor(self) -> None:
        """All traffic is on green."""

    @transition(field=state, source=[DEPLOYING, MONITORING], target=ReleaseState.ROLLED_BACK.value)
    def roll_back(self) -> None:
        """Traffic is back on blue."""
        self.ended_at = clock.now()

    @transition(field=state, source=MONITORING, target=ReleaseState.SUPERSEDED.value)
    def supersede(self) -> None:
        """An emergency release took over."""
        self.ended_at = clock.now()

    @transition(field=state, source=MONITORING, target=ReleaseState.COMPLETED.value)
    def complete(self) -> None:
        """Monitoring ended with nothing open; the way back is closed."""
        self.ended_at = clock.now()

    @transition(field=state, source=REVIEW, target=REJECTED)
    def reject(self) -> None:
        """A veto or a no-go."""

    @transition(field=state, source=REJECTED, target=DRAFT)
    def reopen(self) -> None:
        """Work goes on after a rejection."""

    @transition(
        field=state,
        source=[DRAFT, STAGING, VALIDATING, REVIEW, APPROVED, REJECTED],
        target=ReleaseState.CANCELLED.value,
    )
    def cancel(self) -> None:
        """Given up before any start."""
        self.ended_at = clock.now()


class Author(models.Model):
    """Somebody who wrote what the release brings: by commits (`declared`) or by changing its content here.

    `user` is empty until a person of the portal carries that login; until then `submit` is blocked.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="authors")
    host = models.CharField(max_length=200)
    login = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    declared = models.BooleanField(default=True)

    class Meta:
        """A login counts once."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint("release", "host", Lower("login"), name="author_once_per_login"),
            models.CheckConstraint(
                condition=Q(declared=True) | Q(user__isnull=False), name="author_by_content_is_a_person"
            ),
        )

    def __str__(self) -> str:
        return self.name or f"{self.login} on {self.host}"


class Revision(models.Model):
    """What content, plan and seal were from one change on; append-only."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    content = models.JSONField(encoder=DjangoJSONEncoder)
    content_hash = models.CharField(max_length=64)
    plan = models.JSONField(null=True)
    seal = models.CharField(max_length=64, blank=True)
    cause = models.CharField(max_length=200)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        """Numbered by the release's revision at that change."""

        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("release", "number"), name="revision_once"),)

    def __str__(self) -> str:
        return f"revision {self.number}"


class Lessons(models.Model):
    """Cause and lessons of a rollback; recording them lifts the environment's lock. Append-only."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="lessons")
    cause = models.TextField()
    lessons = models.TextField()
    actions = models.JSONField(default=list)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        """Both are said."""

        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=~Q(cause="") & ~Q(lessons=""), name="lessons_said"),)

    def __str__(self) -> str:
        return self.cause[:80]


class Watching(models.Model):
    """A DevOps Engineer said "I am watching"; good for thirty minutes."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="watchings")
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        """Newest last."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.by} watches"
