"""Gates and what they ask.

A gate knows no release: label, seal, link, stream and summary are handed to it frozen. Rows are
written by `approvals.services` only; answers are granted or withdrawn, never edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django_fsm import FSMField, transition

from accounts.roles import Role
from approvals.states import LIVE, Answer, GateState
from events import clock

if TYPE_CHECKING:
    from approvals.models.answers import SignOff

OPEN, SATISFIED = GateState.OPEN.value, GateState.SATISFIED.value


@dataclass(frozen=True, slots=True)
class StandsElsewhere:
    """A standing answer at another live gate of the same subject: whose, in which role, the gate's kind."""

    person_id: int
    role: str
    kind: str


def elsewhere() -> ArraySubquery:
    """Of a requirement: the `StandsElsewhere` of its gate as JSON, read in the requirement's own query."""
    answers = apps.get_model("approvals", "SignOff").objects.filter(
        gate__stream=OuterRef("gate__stream"), gate__state__in=LIVE, withdrawn_at=None, invalid_reason=""
    )
    told = JSONObject(person_id="person_id", role="role", kind="gate__kind")
    others = answers.exclude(gate_id=OuterRef("gate_id")).order_by("at", "pk")
    return ArraySubquery(others.values_list(told))


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
    rule = models.JSONField(default=dict, blank=True)
    """What of the policy's rule is frozen here: name, owed signatures, who never signs, exceptions."""
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_reason = models.TextField(blank=True)
    stuck_reason = models.TextField(blank=True)
    """Why the present people cannot satisfy it, as last seen by the sweep; empty when they can."""
    reminders = models.PositiveIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True, blank=True)

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
    def is_overdue(self) -> bool:
        """True when its time is over, whether or not the sweep has closed it."""
        return self.expires_at is not None and self.expires_at <= clock.now()

    @property
    def never_sign(self) -> list[str]:
        """People (`@login`) and roles that the frozen rule bars."""
        return list(self.rule.get("never_sign", ()))

    @property
    def exceptions(self) -> dict[str, str]:
        """Separations that the frozen rule gives up, with the declared reasons."""
        return dict(self.rule.get("exceptions", {}))

    @property
    def owed(self) -> dict[str, Any] | None:
        """`{"within_seconds", "signatures": [{"role", "count", "meaning"}]}` of an expedited release."""
        found: dict[str, Any] | None = self.rule.get("owed")
        return found

    @property
    def standing_signoffs(self) -> list[SignOff]:
        """The signatures that count: neither withdrawn nor found invalid, oldest first."""
        return sorted((s for s in self.signoffs.all() if s.stands), key=lambda s: (s.at, s.pk))

    @property
    def answers_elsewhere(self) -> list[StandsElsewhere]:
        """Standing answers at other live gates of its subject; `queries.gates` reads them beforehand."""
        asked = list(self.requirements.all())[:1]
        if asked and not hasattr(asked[0], "elsewhere"):
            asked = list(self.requirements.annotate(elsewhere=elsewhere())[:1])
        found: list[dict[str, Any]] = getattr(asked[0], "elsewhere", []) if asked else []
        return [StandsElsewhere(**told) for told in found]

    @property
    def is_met(self) -> bool:
        """True when every requirement has enough standing goes and no veto stands.

        A gate without requirements is never met. With broken glass one signature is enough.
        """
        requirements = list(self.requirements.all())
        standing = self.standing_signoffs
        vetoed = any(s.answer == Answer.NO_GO for s in standing)
        enough = all(sum(s.role == r.role for s in standing) >= r.count for r in requirements)
        if not enough and standing and hasattr(self, "break_glass"):
            enough = True
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
