"""Where releases run: environments in order, regions, targets, locks, and what was last seen there."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q


class DataClass(models.TextChoices):
    """What kind of data an environment may hold (strategy: "Deployment Environments")."""

    SYNTHETIC = "synthetic", "Synthetic"
    ANONYMIZED = "anonymized", "Anonymized"
    PRODUCTION = "production", "Production"


class Environment(models.Model):
    """One rung of the ladder; the last by `position` is production.

    `fence` counts every taking of a lease here, over all runs, so that a target's fence only
    grows. `serving` is the run whose content serves. `deployers` are the roles that may start
    runs here, on top of the policy table.
    """

    name = models.SlugField(max_length=60, unique=True)
    position = models.PositiveSmallIntegerField()
    purpose = models.CharField(max_length=300, blank=True)
    data_class = models.CharField(max_length=20, choices=DataClass.choices)
    deployers = models.JSONField(default=list)
    access = models.CharField(max_length=300, blank=True)
    zone = models.CharField(max_length=64, default="Etc/UTC")
    strategy = models.JSONField(default=dict)
    fence = models.BigIntegerField(default=0)
    serving = models.ForeignKey(
        "deployments.DeploymentRun", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Order of the ladder."""

        ordering = ("position", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(data_class__in=DataClass.values), name="environment_data_class_known"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Region(models.Model):
    """A place in the world, with the IANA zone that people there live in."""

    name = models.SlugField(max_length=60, unique=True)
    zone = models.CharField(max_length=64, default="Etc/UTC")

    class Meta:
        """Order by name; plans carry their own order."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Target(models.Model):
    """An environment's region as a driver reaches it. `settings` hold no secret."""

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="targets")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="targets")
    driver = models.CharField(max_length=40)
    data_class = models.CharField(max_length=20, choices=DataClass.choices)
    settings = models.JSONField(default=dict)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One live target per environment and region."""

        ordering = ("environment", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("environment", "region"), condition=Q(retired_at=None), name="target_once_per_region"
            ),
            models.CheckConstraint(
                condition=Q(data_class__in=DataClass.values), name="target_data_class_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.environment.name} in {self.region.name}"


class TargetView(models.Model):
    """The last observation of a target: the truth behind "what is live where".

    While `reachable` is False everything but `sentence` is as old as `seen_at` says.
    `slots` is {slot: {"release": …, "components": [{name, kind, artifact, ready, active, …}]}}.
    """

    target = models.OneToOneField(Target, on_delete=models.CASCADE, related_name="view")
    seen_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField()
    reachable = models.BooleanField(default=False)
    sentence = models.TextField(blank=True)
    fence = models.BigIntegerField(default=0)
    weights = models.JSONField(default=dict)
    slots = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    background = models.CharField(max_length=20, blank=True)
    addresses = models.JSONField(default=dict)
    mark = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.target_id}: {self.weights}"


class EnvironmentLock(models.Model):
    """Ordinary production runs stop here until cause and lessons are written down (strategy §4)."""

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="locks")
    reason = models.TextField()
    release_label = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField()
    by = models.CharField(max_length=80)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=80, blank=True)
    lifted_reason = models.TextField(blank=True)

    class Meta:
        """One open lock per environment."""

        ordering = ("-since", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("environment",), condition=Q(lifted_at=None), name="lock_one_open_per_environment"
            ),
        )

    def __str__(self) -> str:
        return f"{self.environment_id} locked since {self.since:%Y-%m-%d %H:%M}"
