"""Queue a run. Called by `releases` (deploy, stage) and, for retire runs, by this room itself.

The caller hands everything down frozen; nothing here asks upward. A run that is queued starts by
itself when its turn comes: see `deployments.services.turn`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.roles import Role
from approvals import policy, stops
from approvals.errors import Stopped
from approvals.policy import Action
from deployments import queries
from deployments.errors import AlreadyQueued, RunBlocked
from deployments.models import DeploymentRun, Environment, ProgressHead, RunStep
from deployments.plan import steps_of
from deployments.services.clockwork import look_now
from deployments.services.content import check_content
from deployments.states import ACTIVE, RunKind, RunState
from events import clock
from events.errors import Blocker, NotAllowed
from events.services import record


def queue_run(
    *,
    environment: Environment,
    kind: str,
    subject: str,
    release_kind: str,
    stream: str,
    link: str,
    content: Mapping[str, Any],
    content_hash: str,
    seal: str,
    plan: Mapping[str, Any],
    actor: Actor,
    proved_by: DeploymentRun | None = None,
    emergency: bool = False,
    reason: str = "",
    clearance_until: datetime | None = None,
    retires: DeploymentRun | None = None,
) -> DeploymentRun:
    """Queue a run of `kind` and record `run.queued`; it starts when its turn comes.

    Raises NotAllowed (policy, `deployers`), ContentInvalid, Stopped (an emergency stop), AlreadyQueued,
    or RunBlocked when the proof of the environment before is missing (STRATEGY: production runs what staging
    validated).
    """
    require_may_deploy(actor, environment)
    check_content(content, content_hash)
    needs_proof = kind == RunKind.DEPLOY and queries.needs_proof(environment)
    with transaction.atomic():
        locked = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
        if kind == RunKind.DEPLOY:
            refuse_while_stopped(locked.name)
        _refuse_second(locked, kind, content_hash, stream)
        if needs_proof:
            _require_proof(locked, proved_by, content_hash)
        run = DeploymentRun.objects.create(
            environment=locked,
            kind=kind,
            subject=subject,
            stream=stream,
            link=link,
            release_kind=release_kind,
            slot=content_hash[:8],
            content=content,
            content_hash=content_hash,
            seal=seal,
            plan=plan,
            needs_proof=needs_proof,
            proved_by=proved_by,
            retires=retires,
            emergency=emergency,
            reason=reason,
            started_by=actor.id,
            clearance_until=clearance_until,
            sentence="Queued.",
            queued_at=clock.now(),
        )
        write_steps(run)
        ProgressHead.objects.create(run=run)
        look_now(run)
        record(stream, "run.queued", actor.id, after=described(run), reason=reason)
    return run


def require_may_deploy(actor: Actor, environment: Environment) -> None:
    """Raise NotAllowed unless the policy and the environment's `deployers` let this actor start here."""
    policy.require(actor, action_for(environment))
    if actor.environments and environment.name not in actor.environments:
        allowed = ", ".join(sorted(actor.environments))
        raise NotAllowed(f"This token may not touch {environment.name}; it is limited to: {allowed}.")
    deployers = set(environment.deployers)
    if actor.kind == "person" and deployers and not deployers & {role.value for role in actor.roles}:
        who = ", ".join(Role(name).label for name in environment.deployers)
        raise NotAllowed(f"{actor.label} may not deploy to {environment.name}; these roles may: {who}.")


def refuse_while_stopped(environment: str) -> None:
    """Raise Stopped while an emergency stop holds it; none can come in before this transaction ends."""
    stop = stops.stop_of_start(environment)
    if stop is not None:
        raise Stopped(
            f"{stops.in_words(stop)} Nothing starts; a return always goes.", blockers=[stops.blocker(stop)]
        )


def action_for(environment: Environment) -> Action:
    """What starting a run in that environment is called in the policy table."""
    ladder = list(queries.environments())
    if environment.pk == ladder[-1].pk:
        return Action.DEPLOY
    return Action.STAGE if len(ladder) > 1 and environment.pk == ladder[-2].pk else Action.DEPLOY_DEVELOPMENT


def write_steps(run: DeploymentRun) -> None:
    """Write the steps of the run's plan as rows, so that they are shown before anything runs."""
    RunStep.objects.bulk_create(
        RunStep(
            run=run,
            ordinal=number,
            group=spec.group,
            kind=spec.kind,
            region=spec.region,
            weight=spec.weight,
            title=spec.title,
            data={"bake_seconds": spec.bake_seconds} if spec.bake_seconds else {},
        )
        for number, spec in enumerate(steps_of(run.plan, run.kind), start=1)
    )


def described(run: DeploymentRun) -> dict[str, Any]:
    """The facts of a run that its events carry."""
    return {
        "run": run.pk,
        "environment": run.environment.name,
        "kind": run.kind,
        "subject": run.subject,
        "state": run.state,
        "content_hash": run.content_hash,
        "emergency": run.emergency,
    }


def _refuse_second(environment: Environment, kind: str, content_hash: str, stream: str) -> None:
    """One deploy run of a release and content at a time: a second click starts nothing."""
    if kind != RunKind.DEPLOY:
        return
    under_way = DeploymentRun.objects.filter(
        environment=environment,
        kind=kind,
        stream=stream,
        content_hash=content_hash,
        state__in=[RunState.QUEUED, *ACTIVE],
    ).first()
    if under_way is not None:
        raise AlreadyQueued(
            f"Run {under_way.pk} of {under_way.subject} to {environment.name} is {under_way.state} already."
        )


def _require_proof(environment: Environment, proof: DeploymentRun | None, content_hash: str) -> None:
    before = queries.staging_before(environment)
    where = before.name if before else "the environment before"
    right = (
        proof is not None
        and before is not None
        and proof.environment_id == before.pk
        and proof.content_hash == content_hash
        and proof.kind == RunKind.DEPLOY
        and proof.run_state == RunState.SUCCEEDED
    )
    if not right:
        sentence = (
            f"{environment.name} starts only what {where} has run: no run there succeeded with content "
            f"{content_hash[:8]}."
        )
        raise RunBlocked(sentence, blockers=[Blocker("no-proof", sentence, f"whoever may deploy to {where}")])
