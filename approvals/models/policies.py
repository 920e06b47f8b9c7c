"""Versions of the approval policy, changes to it that wait for signatures, and uses of its exceptions.

A version and a use are written once: the database refuses to change or delete them (0003).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from approvals.models.gates import Gate
from approvals.rules import EXCEPTIONS
from approvals.states import ProposalState
from events import clock

PENDING = ProposalState.PENDING.value


class PolicyVersion(models.Model):
    """One version of the rules, whole and immutable. The highest number is in force."""

    number = models.PositiveIntegerField(unique=True)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    changes = models.JSONField(default=list)
    """What differs from the version before, as sentences."""
    in_force_since = models.DateTimeField()
    adopted_by = models.CharField(max_length=80, help_text="actor id")
    gate = models.OneToOneField(
        Gate, on_delete=models.PROTECT, null=True, blank=True, related_name="policy_adopted"
    )
    """The gate `policy` that allowed it; none for the first of an installation."""

    class Meta:
        """Only the first needs no gate."""

        ordering = ("number",)
        constraints = (
            models.CheckConstraint(condition=Q(number__gte=1), name="policy_version_counts_from_one"),
            models.CheckConstraint(
                condition=Q(number=1, gate=None) | Q(number__gt=1, gate__isnull=False),
                name="policy_version_was_signed",
            ),
        )

    def __str__(self) -> str:
        return f"approval policy {self.number}"


class PolicyProposal(models.Model):
    """A changed policy that waits for gate `policy`, which asks under the rules before it."""

    document = models.JSONField()
    digest = models.CharField(max_length=64)
    changes = models.JSONField(default=list)
    base_number = models.PositiveIntegerField()
    gate = models.OneToOneField(Gate, on_delete=models.PROTECT, related_name="policy_proposal")
    proposed_by = models.CharField(max_length=80, help_text="actor id")
    proposed_at = models.DateTimeField()
    state = FSMField(default=PENDING, choices=ProposalState.choices, protected=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_reason = models.TextField(blank=True)

    class Meta:
        """One at a time."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=ProposalState.values), name="policy_proposal_state_known"
            ),
            models.UniqueConstraint(
                fields=("state",), condition=Q(state=PENDING), name="policy_proposal_one_pending"
            ),
            models.CheckConstraint(
                condition=Q(state=PENDING, closed_at=None) | (~Q(state=PENDING) & Q(closed_at__isnull=False)),
                name="policy_proposal_end_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"policy proposal on {self.base_number}: {self.state}"

    @property
    def status(self) -> ProposalState:
        """The state, typed."""
        return ProposalState(self.state)

    @transition(field=state, source=PENDING, target=ProposalState.ADOPTED.value)
    def adopt(self) -> None:
        """Its gate is satisfied."""
        self.closed_at = clock.now()

    @transition(field=state, source=PENDING, target=ProposalState.REFUSED.value)
    def refuse(self) -> None:
        """Somebody said no-go, or its gate expired."""
        self.closed_at = clock.now()

    @transition(field=state, source=PENDING, target=ProposalState.WITHDRAWN.value)
    def withdraw(self) -> None:
        """Another file took its place, or the file went back to the rules in force."""
        self.closed_at = clock.now()


class ExceptionUse(models.Model):
    """One use of an exception that the policy declares: who made use of it, at which gate."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="exception_uses")
    exception = models.CharField(max_length=40)
    reason = models.TextField()
    """The reason that the policy gives for the exception."""
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """Known exceptions only."""

        ordering = ("at", "id")
        constraints = (
            models.CheckConstraint(condition=Q(exception__in=list(EXCEPTIONS)), name="exception_use_known"),
        )

    def __str__(self) -> str:
        return f"{self.exception} on gate {self.gate_id}"
