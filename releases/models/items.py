"""Checklist and validations of one release, what people found, and the facts they gave by hand.

Results and facts are append-only (triggers in migration 0002): the newest one counts.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from releases.states import ItemList, Outcome, Verdict


class ReleaseItem(models.Model):
    """One line of a release's lists; `source` is the platform file or the lessons of a release."""

    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="items")
    list = models.CharField(max_length=10, choices=ItemList.choices)
    name = models.CharField(max_length=60)
    title = models.CharField(max_length=400)
    about_artefacts = models.BooleanField(default=False)
    source = models.CharField(max_length=120, default="platform file")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        """Once per list of a release."""

        ordering = ("list", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=("release", "list", "name"), name="release_item_once"),
            models.CheckConstraint(condition=Q(list__in=ItemList.values), name="release_item_list_known"),
        )

    def __str__(self) -> str:
        return self.title


class ItemResult(models.Model):
    """Who found what for one item, and for which content."""

    item = models.ForeignKey(ReleaseItem, on_delete=models.PROTECT, related_name="results")
    result = models.CharField(max_length=20, choices=Outcome.choices)
    remark = models.TextField(blank=True)
    link = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    content_hash = models.CharField(max_length=64)

    class Meta:
        """Anything but a pass says why."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(result__in=Outcome.values), name="item_result_known"),
            models.CheckConstraint(
                condition=Q(result=Outcome.PASS.value) | ~Q(remark=""), name="item_result_explained"
            ),
        )

    def __str__(self) -> str:
        return f"{self.result} for item {self.item_id}"


class ManualFact(models.Model):
    """A fact given by hand: `at` is when it was true, which its age counts from."""

    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="manual_facts")
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=10, choices=Verdict.choices)
    remark = models.TextField(blank=True)
    link = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Anything but clear says why."""

        ordering = ("id",)
        indexes = (models.Index(fields=("release", "name", "id"), name="manual_fact_newest"),)
        constraints = (
            models.CheckConstraint(condition=Q(value__in=Verdict.values), name="manual_fact_known"),
            models.CheckConstraint(
                condition=Q(value=Verdict.CLEAR.value) | ~Q(remark=""), name="manual_fact_explained"
            ),
            models.CheckConstraint(
                condition=Q(at__lte=models.F("recorded_at")), name="manual_fact_not_from_the_future"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
