"""What may be done in an emergency, and what is owed for it afterwards.

A stop is free and its lifting is signed; broken glass runs with one signature and is reviewed; what an
expedited release owes is signed later. Rows are written by `approvals.services` only, and the database
refuses to rewrite or delete them (0005).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.roles import Role
from approvals.models.gates import Gate
from approvals.models.proved import proved
from approvals.models.signed import SignedAct
from approvals.states import GateState


class EmergencyStop(models.Model):
    """Nothing moves forward and nothing starts in `environment` ("": anywhere) until it is lifted.

    Anybody of the table's row may make one without a signature. `gate` (kind `stop_lift`) must be
    satisfied before it is lifted. Returns go on, limits stay watched.
    """

    environment = models.CharField(max_length=80, blank=True)
    reason = models.TextField(blank=True)
    by = models.CharField(max_length=80, help_text="actor id")
    at = models.DateTimeField()
    factors = models.JSONField(default=dict)
    gate = models.OneToOneField(Gate, on_delete=models.PROTECT, related_name="stop", null=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=80, blank=True)
    lifted_reason = models.TextField(blank=True)
    lifted_factors = models.JSONField(default=dict, blank=True)
    lift_act = models.OneToOneField(SignedAct, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        """One in force per place; a lifted one says who, why and by which factor."""

        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("environment",), condition=Q(lifted_at=None), name="stop_one_in_force_per_place"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by="", lifted_reason="")
                | (Q(lifted_at__gte=F("at")) & ~Q(lifted_by="") & ~Q(lifted_reason="")),
                name="stop_lifted_by_somebody_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_factors={}, lift_act=None)
                | (Q(lifted_at__isnull=False, lift_act__isnull=False) & proved("lifted_factors")),
                name="stop_lifted_names_its_factor",
            ),
        )

    def __str__(self) -> str:
        return f"emergency stop of {self.place} since {self.at:%Y-%m-%d %H:%M}"

    @property
    def place(self) -> str:
        """Where it stands, as it reads in a sentence."""
        return self.environment or "every environment"

    @property
    def stream(self) -> str:
        """The stream of events about this stop."""
        return f"stop/{self.pk}"

    @property
    def in_force(self) -> bool:
        """True until it is lifted."""
        return self.lifted_at is None


class BreakGlass(models.Model):
    """A named role let one gate pass with one signature; or did so past the portal (`late_entry`).

    `at` is when it happened, `recorded_at` when the portal heard of it; they differ in a late entry,
    which has no gate because nothing was asked here.
    """

    gate = models.OneToOneField(
        Gate, on_delete=models.PROTECT, null=True, blank=True, related_name="break_glass"
    )
    label = models.CharField(max_length=200)
    stream = models.CharField(max_length=200)
    seal = models.CharField(max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40, choices=Role.choices)
    reason = models.TextField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    late_entry = models.BooleanField(default=False)
    factors = models.JSONField(default=dict)
    signed_act = models.OneToOneField(SignedAct, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Always with a reason; only a late entry is without a gate and of another time."""

        ordering = ("-recorded_at", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(reason=""), name="break_glass_has_reason"),
            models.CheckConstraint(
                condition=Q(late_entry=False, gate__isnull=False, at=F("recorded_at"))
                | Q(late_entry=True, gate=None, at__lte=F("recorded_at")),
                name="break_glass_late_entry_has_no_gate",
            ),
            models.CheckConstraint(condition=proved(), name="break_glass_names_its_factor"),
        )

    def __str__(self) -> str:
        return f"glass broken for {self.label}"


class ReviewCause(models.TextChoices):
    """Why signatures are owed."""

    BREAK_GLASS = "break_glass", "Broken glass"
    EXPEDITED = "expedited", "Expedited release"
    LATE_ENTRY = "late_entry", "Late entry"


class Review(models.Model):
    """Signatures owed for something that ran with fewer: gate `review`, due at a time.

    `level` counts the reminders that were recorded; each tells more people than the one before. A review
    that is late blocks the next ordinary release; one that said no-go does so at once, until somebody has
    named what follows (`follow_up`, signed), or the lessons of its release are written down.
    """

    gate = models.OneToOneField(Gate, on_delete=models.PROTECT, related_name="review")
    of = models.ForeignKey(Gate, on_delete=models.PROTECT, null=True, blank=True, related_name="reviews")
    """The gate that passed with fewer signatures; none for a late entry."""
    cause = models.CharField(max_length=20, choices=ReviewCause.choices)
    due_at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(default=0)
    follow_up = models.TextField(blank=True)
    follow_up_act = models.OneToOneField(SignedAct, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        """One review of a gate for each cause."""

        ordering = ("due_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("of", "cause"), name="review_once_per_gate_and_cause"),
            models.CheckConstraint(condition=Q(cause__in=ReviewCause.values), name="review_cause_known"),
            models.CheckConstraint(
                condition=Q(of__isnull=False) | Q(cause=ReviewCause.LATE_ENTRY.value),
                name="review_is_of_a_gate",
            ),
            models.CheckConstraint(
                condition=Q(follow_up_act=None) | ~Q(follow_up=""),
                name="review_signed_follow_up_says_something",
            ),
        )

    @property
    def is_vetoed(self) -> bool:
        """True when it said no-go and nobody has named what follows."""
        return self.gate.status == GateState.REJECTED and not self.follow_up

    def __str__(self) -> str:
        return f"review of {self.gate_id}, due {self.due_at:%Y-%m-%d %H:%M}"
