"""A run's progress: numbered lines, and what each colour has served, counted over proxy restarts."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from deployments.models.runs import DeploymentRun
from deployments.states import LineKind


class ProgressHead(models.Model):
    """The newest line of a run. Its row lock makes `seq` gapless.

    `marks` is {region: {component: position}}: how far the colour's output has been read. The days (UTC) on
    which its lines were written are kept by the database (0004); empty before the first line.
    """

    run = models.OneToOneField(DeploymentRun, on_delete=models.CASCADE, primary_key=True, related_name="head")
    seq = models.BigIntegerField(default=0)
    marks = models.JSONField(default=dict)
    first_day = models.DateField(null=True, editable=False)
    last_day = models.DateField(null=True, editable=False)

    def __str__(self) -> str:
        return f"run {self.run_id} at {self.seq}"


class ProgressLine(models.Model):
    """One line of a run's page; masked before it comes here; kept ninety days.

    The table is partitioned by day; its indexes and what is unique in it are made in 0004.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(DeploymentRun, on_delete=models.CASCADE, related_name="lines", db_index=False)
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=LineKind.choices)
    level = models.CharField(max_length=10, default="info")
    region = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=80, blank=True)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        """Order within a run."""

        ordering = ("run", "seq")
        constraints = (models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="line_kind_known"),)

    def __str__(self) -> str:
        return f"{self.run_id}#{self.seq} {self.kind}"


class Tally(models.Model):
    """What one slot served in one region since the run first looked.

    `raw` are the proxy's counters as last seen, `total` only grows: a counter that begins again
    at 0 adds what it shows. Both are {component: {"requests", "errors", "latency": {bound: n}}}.
    """

    run = models.ForeignKey(DeploymentRun, on_delete=models.CASCADE, related_name="tallies")
    region = models.CharField(max_length=60)
    slot = models.CharField(max_length=20)
    raw = models.JSONField(default=dict)
    total = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        """One per run, region and slot."""

        constraints = (models.UniqueConstraint(fields=("run", "region", "slot"), name="tally_once_per_slot"),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.region} {self.slot}"
