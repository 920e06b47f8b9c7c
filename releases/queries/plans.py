"""The plan that production would follow now, and the seal over it. Called by `submit`, `replan`, pages."""

from __future__ import annotations

from typing import Any

from deployments import queries as deployments
from deployments.models import DeploymentRun, Environment
from deployments.plan import make_plan
from releases.content import is_irreversible, seal
from releases.models import Release
from releases.queries.dossier import production_now


def plan_now(
    release: Release, environment: Environment | None = None, serving: DeploymentRun | None = None
) -> dict[str, Any]:
    """The plan that `environment` (production, when None) would follow for this release at this moment."""
    if environment is None:
        environment = production_now()
        serving = environment.serving
    return make_plan(
        environment.strategy,
        deployments.regions_of(environment),
        first=serving is None,
        irreversible=is_irreversible(release.content),
    )


def seal_of(release: Release, plan: dict[str, Any] | None = None) -> str:
    """The seal: frozen when there is one, else computed live over the plan of now."""
    if release.seal and plan is None:
        return release.seal
    return seal(
        content_hash=release.content_hash,
        version=release.version,
        kind=release.kind,
        plan=plan if plan is not None else plan_now(release),
    )


def plan_of(release: Release) -> dict[str, Any]:
    """The frozen plan, or in a draft the one that would be frozen now."""
    plan: dict[str, Any] | None = release.plan
    return plan if plan is not None else plan_now(release)
