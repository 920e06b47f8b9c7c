"""Environments in order, and which runs serve, run, wait or prove something there."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache
from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from deployments.errors import EnvironmentNotFound, RunNotFound
from deployments.models import DeploymentRun, Environment, EnvironmentLock, Region, Target, TargetView
from deployments.states import ACTIVE, RunKind, RunState

ZONES, ZONES_KEPT_SECONDS = "deployments.region-zones", 60


def environments() -> QuerySet[Environment]:
    """The ladder, lowest first; the last is production."""
    return Environment.objects.filter(retired_at=None).order_by("position", "id")


def environment(name: str) -> Environment:
    """The environment of that name; raises EnvironmentNotFound with the names that there are."""
    found = environments().filter(name=name).first()
    if found is None:
        names = ", ".join(environments().values_list("name", flat=True)) or "none yet: load a platform file"
        raise EnvironmentNotFound(f"There is no environment {name}; there are: {names}.")
    return found


def production() -> Environment:
    """The last environment; raises EnvironmentNotFound before a platform file was loaded."""
    found = environments().last()
    if found is None:
        raise EnvironmentNotFound("There is no environment yet: load a platform file.")
    return found


def is_production(environment: Environment) -> bool:
    """Is this the last rung of the ladder?"""
    last = environments().last()
    return last is not None and last.pk == environment.pk


def staging_before(environment: Environment) -> Environment | None:
    """The rung below, whose success proves a content; None for the lowest."""
    ladder: Sequence[Environment] = list(environments())
    below = [rung for rung in ladder if rung.position < environment.position]
    return below[-1] if below else None


def regions_of(environment: Environment) -> list[str]:
    """Its regions in the order in which traffic moves: the strategy's, then the targets'."""
    there = [target.region.name for target in targets_of(environment)]
    named = [name for name in environment.strategy.get("regions", ()) if name in there]
    return [*named, *(name for name in there if name not in named)]


def targets_of(environment: Environment) -> list[Target]:
    """Its live targets with region and newest view, read once for this object."""
    live = (
        Target.objects.filter(retired_at=None).select_related("region", "environment", "view").order_by("id")
    )
    prefetch_related_objects([environment], Prefetch("targets", live))
    return list(environment.targets.all())


def region_zones() -> dict[str, str]:
    """The time zone of every region by its name; kept for a minute, since only a platform file changes it."""
    kept: dict[str, str] | None = cache.get(ZONES)
    if kept is None:
        kept = dict(Region.objects.values_list("name", "zone"))
        cache.set(ZONES, kept, ZONES_KEPT_SECONDS)
    return kept


def needs_proof(environment: Environment) -> bool:
    """Production starts only what the rung below has run, where there is one."""
    ladder = list(environments())
    last = bool(ladder) and ladder[-1].pk == environment.pk
    return last and any(rung.position < environment.position for rung in ladder)


def run(run_id: int) -> DeploymentRun:
    """The run with that id; raises RunNotFound."""
    found = DeploymentRun.objects.select_related("environment", "blue").filter(pk=run_id).first()
    if found is None:
        raise RunNotFound(f"There is no run {run_id}.")
    return found


def serving(environment: Environment) -> DeploymentRun | None:
    """The run whose content serves there, by what runs have achieved (see `live_where` for what is seen)."""
    row = Environment.objects.select_related("serving").get(pk=environment.pk)
    return row.serving


def active_run(environment: Environment) -> DeploymentRun | None:
    """The run in running, paused or rolling back; there is at most one."""
    return DeploymentRun.objects.filter(environment=environment, state__in=ACTIVE).defer("content").first()


def waiting_runs(environment: Environment) -> QuerySet[DeploymentRun]:
    """Queued runs, the next to start first."""
    queued = DeploymentRun.objects.filter(environment=environment, state=RunState.QUEUED)
    return queued.order_by("-kind", "-emergency", "queued_at", "id")  # "retire" sorts after "deploy"


def unclosed_runs(environment: Environment) -> QuerySet[DeploymentRun]:
    """Succeeded deploy runs whose old colour is kept: their way back is open."""
    return DeploymentRun.objects.filter(
        environment=environment, kind=RunKind.DEPLOY, state=RunState.SUCCEEDED, closed_at=None
    )


def proof_of(environment: Environment, content_hash: str) -> DeploymentRun | None:
    """The newest succeeded deploy run of exactly this content in that environment."""
    return DeploymentRun.objects.filter(
        environment=environment, kind=RunKind.DEPLOY, state=RunState.SUCCEEDED, content_hash=content_hash
    ).first()


def open_lock(environment: Environment) -> EnvironmentLock | None:
    """The lock that stops ordinary runs there, if any."""
    return EnvironmentLock.objects.filter(environment=environment, lifted_at=None).first()


def marks(environment: Environment) -> dict[str, str]:
    """Acts past the portal that were seen, by region."""
    views = TargetView.objects.filter(target__environment=environment, target__retired_at=None)
    return dict(views.exclude(mark="").values_list("target__region__name", "mark"))
