"""DeploymentRun: its facts, its constraints and the only edges between its states.

Transitions guard and assign, take no arguments and are called by `deployments.services` under a
row lock. Never `refresh_from_db` a run or a step: fetch it again under a lock.
"""

from __future__ import annotations

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left
from django_fsm import FSMField, transition

from deployments.models.environments import Environment
from deployments.states import (
    ACTIVE,
    BEFORE_TRAFFIC_ONLY,
    Intent,
    RunKind,
    RunState,
)
from events import clock

QUEUED, RUNNING, PAUSED = RunState.QUEUED.value, RunState.RUNNING.value, RunState.PAUSED.value
SUCCEEDED, ROLLING_BACK = RunState.SUCCEEDED.value, RunState.ROLLING_BACK.value


def not_closed(run: Any) -> bool:
    """True until a release completes or another takes over, which closes the way back."""
    return bool(run.closed_at is None)


def before_any_weight(run: Any) -> bool:
    """True while this run has never given its colour traffic: until then it may just stop."""
    return bool(run.traffic_at is None)


class DeploymentRun(models.Model):
    """One content on its way into one environment, or (kind retire) an old colour on its way out.

    `content` and `plan` are frozen. `blue` is the run whose content served when this one started;
    None for a first deployment. `retires` is, for a retire run, the run whose colour it takes
    down. `sentence` says what the run waits for or how it ended. `traffic_at` is written before
    the first weight is given, so that no crash can make a run forget that it moved traffic.
    `next_look_at` and `lease_until` are by the database's clock; everything else by the portal's.
    """

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=10, choices=RunKind.choices, default=RunKind.DEPLOY.value)
    subject = models.CharField(max_length=80)
    stream = models.CharField(max_length=200)
    link = models.CharField(max_length=300, blank=True)
    release_kind = models.CharField(max_length=40, blank=True)
    slot = models.CharField(max_length=8)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    seal = models.CharField(max_length=64, blank=True)
    plan = models.JSONField()
    needs_proof = models.BooleanField(default=False)
    proved_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="proves"
    )
    blue = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retires = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="retire_runs"
    )
    state = FSMField(default=QUEUED, choices=RunState.choices, protected=True)
    intent = models.CharField(max_length=10, choices=Intent.choices, default=Intent.GO.value)
    emergency = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    started_by = models.CharField(max_length=80)
    clearance_until = models.DateTimeField(null=True, blank=True)
    clearance_sentence = models.TextField(blank=True)
    sentence = models.TextField(blank=True)
    verdicts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    """{region: {"verdict", "sentence", "at", "weight", "rows": […]}}: the newest of each region."""
    memory = models.JSONField(default=dict)
    """What the engine must remember of the run: accepted acts past the portal, calls for help."""
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=120, blank=True)
    fence = models.BigIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    traffic_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    retained_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    unwritten: list[Any] | None = None
    """Lines that a look writes together at the end of its transaction (`services.progress.gathered`)."""
    unsaved: dict[models.Model, set[str]] | None = None
    """Fields of the run and its steps that a look saves together there (`services.saving`)."""
    content_problems: list[str] | None = None
    """What a look has found wrong with the content, which is frozen (`services.reading`)."""

    class Meta:
        """What the database itself refuses. (proved_by, content_hash) refers to a run: see 0002."""

        ordering = ("-queued_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("environment",), condition=Q(state__in=ACTIVE), name="run_one_active_per_environment"
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known"),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="run_kind_known"),
            models.CheckConstraint(condition=Q(intent__in=Intent.values), name="run_intent_known"),
            models.CheckConstraint(
                condition=~Q(state__in=BEFORE_TRAFFIC_ONLY) | Q(traffic_at=None),
                name="run_ends_so_before_traffic_only",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ROLLING_BACK, RunState.ROLLED_BACK.value])
                | Q(traffic_at__isnull=False),
                name="run_rolls_back_after_traffic",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[QUEUED, *ACTIVE], ended_at=None)
                | (~Q(state__in=[QUEUED, *ACTIVE]) & Q(ended_at__isnull=False)),
                name="run_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(needs_proof=False) | Q(proved_by__isnull=False), name="run_has_its_proof"
            ),
            models.CheckConstraint(
                condition=Q(kind=RunKind.DEPLOY.value, retires=None)
                | Q(kind=RunKind.RETIRE.value, retires__isnull=False),
                name="run_retires_a_run",
            ),
            models.CheckConstraint(
                condition=Q(slot=Left(F("content_hash"), 8)), name="run_slot_names_content"
            ),
            models.CheckConstraint(
                condition=Q(emergency=False) | ~Q(reason=""), name="run_emergency_has_reason"
            ),
        )
        indexes = (
            models.Index(fields=("next_look_at",), condition=Q(next_look_at__isnull=False), name="run_due"),
            models.Index(fields=("environment", "content_hash", "state"), name="run_by_content"),
            models.Index(fields=("stream",), name="run_by_stream"),
            models.Index(fields=("environment", "slot"), name="run_by_slot"),
            models.Index(fields=("-queued_at", "-id"), name="run_newest"),
            models.Index(fields=("state",), condition=Q(state__in=[QUEUED, *ACTIVE]), name="run_open"),
            models.Index(
                fields=("environment",), condition=Q(state=SUCCEEDED, closed_at=None), name="run_unclosed"
            ),
        )

    def __str__(self) -> str:
        return f"run {self.pk}: {self.subject} to {self.environment_id} ({self.state})"

    @property
    def run_state(self) -> RunState:
        """The state, typed."""
        return RunState(self.state)

    @property
    def run_kind(self) -> RunKind:
        """The kind, typed."""
        return RunKind(self.kind)

    @property
    def in_place(self) -> bool:
        """True when the same content served before: there is no other colour to move to."""
        return self.blue is not None and self.blue.slot == self.slot

    @property
    def way_back_open(self) -> bool:
        """True while this run, having succeeded, can still be rolled back."""
        return self.run_state == RunState.SUCCEEDED and self.closed_at is None

    @transition(field=state, source=QUEUED, target=RUNNING)
    def start(self) -> None:
        """Its turn has come."""
        self.started_at = clock.now()

    @transition(field=state, source=RUNNING, target=PAUSED)
    def pause(self) -> None:
        """Forward moves stop; limits stay watched."""

    @transition(field=state, source=PAUSED, target=RUNNING)
    def resume(self) -> None:
        """Forward moves go on."""

    @transition(field=state, source=RUNNING, target=SUCCEEDED)
    def succeed(self) -> None:
        """Everything that the plan names is done."""
        self.ended_at = clock.now()

    @transition(
        field=state, source=[RUNNING, PAUSED], target=RunState.FAILED.value, conditions=[before_any_weight]
    )
    def fail(self) -> None:
        """A step before any weight cannot be done."""
        self.ended_at = clock.now()

    @transition(
        field=state,
        source=[QUEUED, RUNNING, PAUSED],
        target=RunState.CANCELLED.value,
        conditions=[before_any_weight],
    )
    def cancel(self) -> None:
        """A person stopped it before any weight."""
        self.ended_at = clock.now()

    @transition(
        field=state, source=[RUNNING, PAUSED, SUCCEEDED], target=ROLLING_BACK, conditions=[not_closed]
    )
    def roll_back(self) -> None:
        """Traffic leaves green at once."""
        self.ended_at = None

    @transition(field=state, source=ROLLING_BACK, target=RunState.ROLLED_BACK.value)
    def finish_rollback(self) -> None:
        """Every region serves from blue again (or from nothing, after a first deployment)."""
        self.ended_at = clock.now()
