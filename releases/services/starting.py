"""Say that one is watching, and start the production run. Called by API, pages and `advance`.

Signing, deciding and starting are three acts: at the start every signer and every fact is judged again.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from accounts import actors
from accounts.actors import Actor
from accounts.models import User
from approvals import policy
from approvals.services.exceptions import use_exception
from deployments import queries as deployments
from deployments.models import DeploymentRun
from deployments.services.start import queue_run
from deployments.states import RunKind
from events import clock
from events.errors import Blocker
from releases import texts
from releases.errors import BadContent, NotReady
from releases.models import Release, Watching
from releases.queries.moments import Readiness, readiness
from releases.services import owing
from releases.services.create import first
from releases.services.judging import judge
from releases.services.keeping import demand_seal, demand_state, keep, locked, taken
from releases.states import Kind, Verdict
from releases.texts import Faults, fault
from releases.verbs import WAYS, Verb

CLEARANCE = timedelta(seconds=60)
"""How long a run may move forward without being cleared again; `advance` renews it every few seconds."""

AUTO_START = actors.system("automatic start")


@transaction.atomic
def watching(version: str, *, actor: Actor) -> Watching:
    """A DevOps Engineer says "I am watching", good for thirty minutes.

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState.
    """
    release = taken(version, Verb.WATCH, actor)
    row = Watching.objects.create(release=release, by=actor.id, at=clock.now())
    keep(release, "release.watching", actor.id, after={"watching": actor.id})
    return row


def deploy(
    version: str, *, actor: Actor, seal: str, emergency: bool = False, reason: str = ""
) -> DeploymentRun:
    """Start production inside the window. An emergency (security, with a reason) passes lock and monitoring.

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, WrongSeal, BadContent, NotReady with every
    missing thing.
    """
    policy.require(actor, WAYS[Verb.DEPLOY].action)
    with transaction.atomic():
        release = locked(version)
        demand_state(release, Verb.DEPLOY)
        demand_seal(release, seal)
        lost = judge(release, actor.id)
    if lost:  # committed: the release is back in review whatever the caller does next
        raise NotReady(f"{version} is back in review: {' '.join(lost)} Its gate asks again.")
    with transaction.atomic():
        release = locked(version)
        demand_state(release, Verb.DEPLOY)
        demand_seal(release, seal)
        return start(release, actor, emergency=emergency, reason=reason)


def repeated(version: str, seal: str, actor: Actor) -> DeploymentRun | None:
    """The run that this very call has started before, if any: its answer was lost on the way."""
    release = Release.objects.filter(version=version).select_related("production_run").first()
    run = release.production_run if release is not None else None
    if run is None or (run.seal, run.started_by) != (seal, actor.id):
        return None
    return run


def start(
    release: Release, actor: Actor, *, emergency: bool = False, reason: str = "", by: User | None = None
) -> DeploymentRun:
    """Start a locked, approved release, in the caller's transaction; `by` watches a start by itself."""
    text = _read(release, emergency, reason)
    _demand_ready(release, readiness(release, "start"), emergency)
    _demand_another_signer(release, by or actor.user)
    run = queue_run(
        environment=deployments.production(),
        kind=RunKind.DEPLOY,
        subject=release.version,
        release_kind=release.kind,
        stream=release.stream,
        link=release.link,
        content=release.content,
        content_hash=release.content_hash,
        seal=release.seal,
        plan=release.plan or {},
        actor=actor,
        proved_by=release.staging_run,
        emergency=emergency,
        reason=text,
        clearance_until=clock.now() + CLEARANCE,
    )
    before = release.status
    release.start()
    release.production_run = run
    release.emergency, release.emergency_reason = emergency, text if emergency else ""
    keep(
        release,
        "release.deploying",
        actor.id,
        before={"state": before},
        after={"state": release.status, "emergency": emergency},
        reason=text,
        data={"run": run.pk, "seal": release.seal, **owing.at_start(release, actor)},
    )
    return run


def _demand_another_signer(release: Release, by: User | None) -> None:
    """Whoever starts is not the only one who signed, unless the policy declares that; then it is counted."""
    gate = release.gate
    if gate is None or by is None:
        return
    sentence = policy.may_start(gate, by.actor_id, by.handle)
    if sentence is not None:
        raise NotReady(
            sentence, blockers=[Blocker("only-signer", sentence, policy.who_may(policy.Action.DEPLOY))]
        )
    if policy.is_only_signer(gate, by.actor_id):
        use_exception(gate, "starter_is_only_signer", by)


def _read(release: Release, emergency: bool, reason: str) -> str:
    faults: Faults = {}
    text = texts.remark(reason, faults, field="reason", required=emergency)
    if emergency and release.kind != Kind.SECURITY:
        fault(
            faults,
            "emergency",
            f"Only a security release may pass as an emergency; this is a {release.kind} one.",
        )
    if faults:
        raise BadContent(first(faults), fields=faults)
    return text


def _demand_ready(release: Release, found: Readiness, emergency: bool) -> None:
    if found.blockers:
        raise NotReady(
            f"{release.version} cannot start: " + " ".join(b.sentence for b in found.blockers),
            blockers=found.blockers,
        )
    lock = found.fact("lock")
    if lock is not None and lock.verdict == Verdict.WATCH and not emergency:
        raise NotReady(
            f"{release.version} cannot start: {lock.sentence} Start it as an emergency with a reason, or "
            "have cause and lessons recorded."
        )
