"""Times in which production must not move, and what a release was let through all the same."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from approvals.models.proved import proved
from approvals.models.signed import SignedAct


class Freeze(models.Model):
    """Either `starts_at`–`ends_at`, or a weekly span from `from_day` `from_time` to `to_day` `to_time`
    in `zone` (Monday is 0; a span may run over the end of the week).

    `passes` are the kinds of release that may start all the same. `source` is the platform file or
    a person.
    """

    name = models.CharField(max_length=120)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    from_day = models.PositiveSmallIntegerField(null=True, blank=True)
    from_time = models.TimeField(null=True, blank=True)
    to_day = models.PositiveSmallIntegerField(null=True, blank=True)
    to_time = models.TimeField(null=True, blank=True)
    zone = models.CharField(max_length=60, default="Etc/UTC")
    environments = models.JSONField(default=list)
    passes = models.JSONField(default=list)
    reason = models.TextField()
    by = models.CharField(max_length=80)
    source = models.CharField(max_length=20, default="person")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=80, blank=True)

    class Meta:
        """Whole in one of the two ways, never both."""

        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    starts_at__isnull=False,
                    ends_at__gt=F("starts_at"),
                    from_day=None,
                    from_time=None,
                    to_day=None,
                    to_time=None,
                )
                | Q(
                    starts_at=None,
                    ends_at=None,
                    from_day__lte=6,
                    to_day__lte=6,
                    from_time__isnull=False,
                    to_time__isnull=False,
                ),
                name="freeze_once_or_weekly",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="freeze_has_reason"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def weekly(self) -> bool:
        """True for one that comes back every week."""
        return self.starts_at is None


class FreezeOverride(models.Model):
    """One release may start in one span of one freeze; another freeze, or next week's span, still stops it.

    Given for one seal. Append-only (0002): a changed content or plan has another seal and needs another.
    """

    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="freeze_overrides")
    freeze = models.ForeignKey(Freeze, on_delete=models.PROTECT, related_name="overrides")
    span_start = models.DateTimeField()
    span_end = models.DateTimeField()
    seal = models.CharField(max_length=64)
    role = models.CharField(max_length=40)
    reason = models.TextField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    factors = models.JSONField(default=dict)
    signed_act = models.ForeignKey(SignedAct, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Once per span and seal, with a reason."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("release", "freeze", "span_start", "seal"), name="freeze_override_once"
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(seal=""), name="freeze_override_has_reason"),
            models.CheckConstraint(condition=Q(span_end__gt=F("span_start")), name="freeze_override_span"),
            models.CheckConstraint(condition=proved(), name="freeze_override_names_its_factor"),
        )

    def __str__(self) -> str:
        return f"{self.release_id} passes {self.freeze_id}"
