"""Who answered a gate and what the Release Manager decided; granted or withdrawn, never edited."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from accounts.roles import Role
from approvals.models.gates import Gate
from approvals.models.proved import proved
from approvals.states import Answer, DecisionAnswer


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
    stands_in_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    """Whose deputy signed, when the role was held for somebody else."""
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)
    invalid_reason = models.TextField(blank=True)

    class Meta:
        """Once in a role, also with a deputy; a no-go says why; (gate, role) and (gate, seal) refer (0002).

        That one person signs in one role of a subject, also at two gates, is held by 0003.
        """

        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("gate", "person", "role"),
                condition=Q(withdrawn_at=None, invalid_reason=""),
                name="signoff_one_per_person_and_role",
            ),
            models.UniqueConstraint(
                "gate",
                "role",
                Coalesce("stands_in_for", "person"),
                condition=Q(withdrawn_at=None, invalid_reason=""),
                name="signoff_one_per_principal_and_role",
            ),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="signoff_answer_known"),
            models.CheckConstraint(
                condition=Q(answer=Answer.GO.value) | ~Q(remark=""), name="signoff_no_go_has_remark"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="signoff_withdrawn_with_reason",
            ),
            models.CheckConstraint(condition=proved(), name="signoff_names_its_factor"),
        )

    def __str__(self) -> str:
        return f"{self.answer} of {Role(self.role).label} on gate {self.gate_id}"

    @property
    def stands(self) -> bool:
        """True while this answer counts."""
        return self.withdrawn_at is None and not self.invalid_reason

    @property
    def voice(self) -> int:
        """Whose place of a count it fills: the signer's, or that of whom they stand in for."""
        return self.stands_in_for_id or self.person_id


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
            models.CheckConstraint(condition=proved(), name="decision_names_its_factor"),
        )

    def __str__(self) -> str:
        return f"{self.answer} on gate {self.gate_id}"

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """Start and end in UTC, when the decision names them."""
        if self.window_start is None or self.window_end is None:
            return None
        return self.window_start, self.window_end
