"""Gates, what they ask, who answered, and what the Release Manager decided.

A gate knows no release: label, seal, link, stream and summary are handed to it frozen. Rows are
written by `approvals.services` only; answers are granted or withdrawn, never edited.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from accounts.roles import Role
from approvals.states import LIVE, Answer, DecisionAnswer, GateState
from events import clock

OPEN, SATISFIED = GateState.OPEN.value, GateState.SATISFIED.value


class Gate(models.Model):
    """One question to named roles about one seal; `round` counts the askings of one subject."""

    kind = models.CharField(max_length=40)
    label = models.CharField(max_length=200)
    seal = models.CharField(max_length=64)
    link = models.CharField(max_length=300)
    stream = models.CharField(max_length=200)
    environment = models.CharField(max_length=80, blank=True)
    release_kind = models.CharField(max_length=40, blank=True)
    summary = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    barred = models.JSONField(default=dict, blank=True)
    """Actor id → the full sentence that says why this person may not sign."""
    round = models.PositiveIntegerField()
    state = FSMField(default=OPEN, choices=GateState.choices, protected=True)
    policy_version = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_reason = models.TextField(blank=True)

    class Meta:
        """One live gate per subject; an end has its time and reason."""

        ordering = ("-opened_at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=GateState.values), name="gate_state_known"),
            models.CheckConstraint(condition=~Q(seal=""), name="gate_has_seal"),
            models.CheckConstraint(
                condition=Q(state__in=[OPEN, SATISFIED], closed_at=None)
                | (~Q(state__in=[OPEN, SATISFIED]) & Q(closed_at__isnull=False) & ~Q(closing_reason="")),
                name="gate_closed_with_reason",
            ),
            models.UniqueConstraint(fields=("stream", "kind", "round"), name="gate_once_per_round"),
            models.UniqueConstraint(
                fields=("stream", "kind"),
                condition=Q(state__in=[OPEN, SATISFIED]),
                name="gate_one_live_per_subject",
            ),
            models.UniqueConstraint(fields=("id", "seal"), name="gate_seal_reference"),
        )
        indexes = (models.Index(fields=("state", "opened_at"), name="gate_by_state"),)

    def __str__(self) -> str:
        return f"gate {self.kind} of {self.label}, round {self.round}: {self.state}"

    @property
    def status(self) -> GateState:
        """The state, typed."""
        return GateState(self.state)

    @property
    def is_live(self) -> bool:
        """True while the gate takes answers."""
        return self.status in LIVE

    @property
    def standing_signoffs(self) -> list[SignOff]:
        """The signatures that count: neither withdrawn nor found invalid, oldest first."""
        return sorted((s for s in self.signoffs.all() if s.stands), key=lambda s: (s.at, s.pk))

    @property
    def is_met(self) -> bool:
        """True when every requirement has enough standing goes and no veto stands.

        A gate without requirements is never met.
        """
        requirements = list(self.requirements.all())
        standing = self.standing_signoffs
        vetoed = any(s.answer == Answer.NO_GO for s in standing)
        enough = all(sum(s.role == r.role for s in standing) >= r.count for r in requirements)
        return bool(requirements) and enough and not vetoed

    @transition(field=state, source=OPEN, target=GateState.SATISFIED.value)
    def satisfy(self) -> None:
        """Every requirement is met."""

    @transition(field=state, source=SATISFIED, target=GateState.OPEN.value)
    def ask_again(self) -> None:
        """A signature was withdrawn, vetoed or is no longer valid."""

    @transition(field=state, source=OPEN, target=GateState.REJECTED.value)
    def reject(self) -> None:
        """Somebody said no-go."""
        self.closed_at = clock.now()

    @transition(field=state, source=[OPEN, SATISFIED], target=GateState.EXPIRED.value)
    def expire(self) -> None:
        """Nobody made use of it in time."""
        self.closed_at = clock.now()

    @transition(field=state, source=[OPEN, SATISFIED], target=GateState.VOID.value)
    def make_void(self) -> None:
        """What it asked about is no more."""
        self.closed_at = clock.now()


class Requirement(models.Model):
    """How many of a role must say go and what their signature means; frozen with the gate."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="requirements")
    role = models.CharField(max_length=40, choices=Role.choices)
    count = models.PositiveSmallIntegerField(default=1)
    meaning = models.CharField(max_length=200)

    class Meta:
        """Once per role, at least one person."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("gate", "role"), name="requirement_once_per_role"),
            models.CheckConstraint(condition=Q(count__gte=1), name="requirement_asks_somebody"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="requirement_role_known"),
            models.CheckConstraint(condition=~Q(role=Role.ADMINISTRATOR.value), name="requirement_no_admin"),
        )

    def __str__(self) -> str:
        return f"{self.count} × {Role(self.role).label}: {self.meaning}"


class SignOff(models.Model):
    """One person's answer in one role about one seal. `factors` tells how they proved who they are."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="signoffs")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signoffs")
    role = models.CharField(max_length=40, choices=Role.choices)
    answer = models.CharField(max_length=10, choices=Answer.choices)
    meaning = models.CharField(max_length=200)
    remark = models.TextField(blank=True)
    seal = models.CharField(max_length=64)
    at = models.DateTimeField()
    factors = models.JSONField(default=dict)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)
    invalid_reason = models.TextField(blank=True)

    class Meta:
        """One person counts once; a no-go says why. (gate, role) and (gate, seal) refer: 0002."""

        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("gate", "person"),
                condition=Q(withdrawn_at=None, invalid_reason=""),
                name="signoff_one_per_person",
            ),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="signoff_answer_known"),
            models.CheckConstraint(
                condition=Q(answer=Answer.GO.value) | ~Q(remark=""), name="signoff_no_go_has_remark"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="signoff_withdrawn_with_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.answer} of {Role(self.role).label} on gate {self.gate_id}"

    @property
    def stands(self) -> bool:
        """True while this answer counts."""
        return self.withdrawn_at is None and not self.invalid_reason


class Decision(models.Model):
    """The Release Manager's go (for one window), no-go or postponement; another act than signing."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    answer = models.CharField(max_length=10, choices=DecisionAnswer.choices)
    reason = models.TextField(blank=True)
    seal = models.CharField(max_length=64)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    factors = models.JSONField(default=dict)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.TextField(blank=True)

    class Meta:
        """One standing go per gate, each for a window; anything else says why."""

        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("gate",),
                condition=Q(answer=DecisionAnswer.GO.value, revoked_at=None),
                name="decision_one_standing_go",
            ),
            models.CheckConstraint(condition=Q(answer__in=DecisionAnswer.values), name="decision_known"),
            models.CheckConstraint(
                condition=~Q(answer=DecisionAnswer.GO.value)
                | Q(window_start__isnull=False, window_end__gt=F("window_start")),
                name="decision_go_has_window",
            ),
            models.CheckConstraint(
                condition=Q(answer=DecisionAnswer.GO.value) | ~Q(reason=""), name="decision_stop_has_reason"
            ),
        )

    def __str__(self) -> str:
        return f"{self.answer} on gate {self.gate_id}"

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """Start and end in UTC, when the decision names them."""
        if self.window_start is None or self.window_end is None:
            return None
        return self.window_start, self.window_end
