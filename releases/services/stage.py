"""Deploy a draft to the environment before production, or (without touching its state) to an earlier one.

Called by `POST …/stage/` and the release page.
"""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from approvals import policy
from deployments import queries as deployments
from deployments.models import DeploymentRun, Environment
from deployments.services.start import queue_run
from deployments.states import RunKind
from events.errors import NotAllowed
from releases.errors import NotReady
from releases.models import Release
from releases.queries.moments import readiness
from releases.queries.plans import plan_now, seal_of
from releases.services.keeping import demand_state, keep, locked
from releases.verbs import WAYS, Verb


@transaction.atomic
def stage(version: str, *, actor: Actor, environment: str | None = None) -> DeploymentRun:
    """Queue a run in the environment before production (or the named one) and move on to staging.

    An earlier environment is a development deploy, which leaves the release a draft. Raises
    NotAllowed, ReleaseNotFound, WrongReleaseState, NotReady while digests are missing.
    """
    production = deployments.production()
    last = deployments.staging_before(production)
    wanted = last if environment is None else deployments.environment(environment)
    if wanted is None or wanted.pk == production.pk:
        raise NotAllowed(
            f"{production.name.capitalize()} is started by deploying an approved release, not by staging."
        )
    if last is None or wanted.pk != last.pk:
        return deploy_development(version, actor=actor, environment=wanted.name)
    policy.require(actor, WAYS[Verb.STAGE].action)
    release = locked(version)
    demand_state(release, Verb.STAGE)
    run = _queue(release, wanted, actor)
    before = release.status
    release.stage()
    release.staging_run = run
    keep(
        release,
        "release.staged",
        actor.id,
        before={"state": before},
        after={"state": release.status},
        data={"run": run.pk, "environment": wanted.name, "content_hash": release.content_hash},
    )
    return run


@transaction.atomic
def deploy_development(version: str, *, actor: Actor, environment: str | None = None) -> DeploymentRun:
    """Queue a run of a draft in an environment before staging; the release stays as it is."""
    policy.require(actor, WAYS[Verb.DEPLOY_DEVELOPMENT].action)
    where = deployments.environment(environment) if environment else deployments.environments()[0]
    last = deployments.staging_before(deployments.production())
    if where.pk == deployments.production().pk or (last is not None and where.pk == last.pk):
        raise NotAllowed(
            f"{where.name.capitalize()} is no development environment; stage the release instead."
        )
    release = locked(version)
    demand_state(release, Verb.DEPLOY_DEVELOPMENT)
    return _queue(release, where, actor)


def _queue(release: Release, environment: Environment, actor: Actor) -> DeploymentRun:
    found = readiness(release, environment=environment.name)
    if found.blockers:
        raise NotReady(
            f"{release.version} cannot run in {environment.name} yet: "
            + " ".join(blocker.sentence for blocker in found.blockers),
            blockers=found.blockers,
        )
    plan = plan_now(release, environment, deployments.serving(environment))
    return queue_run(
        environment=environment,
        kind=RunKind.DEPLOY,
        subject=release.version,
        release_kind=release.kind,
        stream=release.stream,
        link=release.link,
        content=release.content,
        content_hash=release.content_hash,
        seal=seal_of(release, plan),
        plan=plan,
        actor=actor,
    )
