"""Times in which production must not move: once (UTC) or every week in somebody's local time."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


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
