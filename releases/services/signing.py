"""Sign a release's gate and withdraw a signature. Called by `…/sign-offs/` and the go/no-go room."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from approvals.errors import GateNotFound
from approvals.models import SignOff
from approvals.services import signing
from approvals.states import Answer, GateState
from releases.errors import NotReady
from releases.models import Release
from releases.queries.moments import readiness
from releases.services.judging import unsettle
from releases.services.keeping import demand_seal, keep, taken
from releases.verbs import Verb


@transaction.atomic
def sign(version: str, *, actor: Actor, role: str, answer: str, remark: str = "", seal: str) -> SignOff:
    """Answer go or no-go in one role about the seal; a no-go rejects the release.

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, WrongSeal, NotReady (a go while facts say
    no), and what `approvals.services.signing.sign` raises.
    """
    release = taken(version, Verb.SIGN, actor)
    demand_seal(release, seal)
    assert release.gate_id is not None
    if answer == Answer.GO:
        _demand_signable(release)
    signoff = signing.sign(release.gate_id, actor=actor, role=role, answer=answer, remark=remark, seal=seal)
    if signoff.answer == Answer.NO_GO:
        reject(release, actor, f"{actor.label} signed no-go: {signoff.remark}")
    return signoff


def _demand_signable(release: Release) -> None:
    found = readiness(release, "sign")
    if found.blockers:
        raise NotReady(
            f"{release.version} cannot be signed now: " + " ".join(b.sentence for b in found.blockers),
            blockers=found.blockers,
        )


def reject(release: Release, actor: Actor, reason: str) -> None:
    """A veto or a no-go: the release is rejected; a Release Manager can reopen it."""
    before = release.status
    release.reject()
    release.closing_reason = reason
    keep(
        release,
        "release.rejected",
        actor.id,
        before={"state": before},
        after={"state": release.status},
        reason=reason,
    )


@transaction.atomic
def withdraw(version: str, signoff_id: int, *, actor: Actor, reason: str) -> SignOff:
    """Take one's own signature back before the start; an approved release then asks again.

    Raises NotAllowed, GateNotFound for a signature of another release, WrongReleaseState.
    """
    release = taken(version, Verb.WITHDRAW, actor)
    if release.gate is None or not release.gate.signoffs.filter(pk=signoff_id).exists():
        raise GateNotFound(f"{release.version} has no such signature at its present gate.")
    signoff = signing.withdraw(signoff_id, actor=actor, reason=reason)
    if signoff.gate.state != GateState.SATISFIED:
        unsettle(release, actor.id, f"{actor.label} withdrew a signature: {signoff.withdrawn_reason}")
    return signoff
