"""The Release Manager's go, no-go or postponement. Called by `…/decision/` and the go/no-go room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from approvals import policy
from approvals.models import Decision
from approvals.services import deciding
from approvals.states import DecisionAnswer
from releases import texts
from releases.errors import BadContent, NotReady
from releases.models import Release
from releases.queries.moments import readiness
from releases.services.create import first
from releases.services.judging import judge
from releases.services.keeping import demand_seal, demand_state, keep, locked
from releases.services.signing import reject
from releases.services.window import in_words, put, put_unasked
from releases.states import ReleaseState
from releases.texts import Faults
from releases.verbs import WAYS, Verb


def decide(
    version: str,
    *,
    actor: Actor,
    answer: str,
    reason: str = "",
    seal: str,
    window: Mapping[str, Any] | None = None,
) -> Decision:
    """Say go for the window (a new one may be given), no-go, or postpone (with or without a new one).

    Signatures are judged again before a go. Raises NotAllowed, ReleaseNotFound, WrongReleaseState,
    WrongSeal, BadWindow, NotReady, and what `approvals.services.deciding.decide` raises.
    """
    _require(version, actor, answer)
    with transaction.atomic():
        release = locked(version)
        lost = judge(release, actor.id)
    if lost:  # kept: a signature that no longer counts stays so, whatever comes of this decision
        answer_text = " ".join(lost)
        if answer == DecisionAnswer.GO:
            raise NotReady(f"{release.version} cannot have its go: {answer_text}")
    with transaction.atomic():
        return _decide(locked(version), actor, answer, reason, seal, window)


def _require(version: str, actor: Actor, answer: str) -> None:
    """The table's Release Manager; in an emergency also whoever broke this release's glass."""
    if policy.may(actor, WAYS[Verb.DECIDE].action) is not None:
        known = Release.objects.filter(version=version) if version.isprintable() else Release.objects.none()
        deciding.require_may_decide(actor, known.values_list("gate_id", flat=True).first(), answer)


def _decide(
    release: Release,
    actor: Actor,
    answer: str,
    reason: str,
    seal: str,
    window: Mapping[str, Any] | None,
) -> Decision:
    demand_state(release, Verb.POSTPONE if answer == DecisionAnswer.POSTPONE else Verb.DECIDE)
    demand_seal(release, seal)
    faults: Faults = {}
    text = texts.remark(reason, faults, field="reason")
    if faults:
        raise BadContent(first(faults), fields=faults)
    if answer == DecisionAnswer.GO:
        return _go(release, actor, text, seal, window)
    if answer == DecisionAnswer.POSTPONE:
        return _postpone(release, actor, text, seal, window)
    assert release.gate_id is not None
    decision = deciding.decide(release.gate_id, actor=actor, answer=answer, reason=text, seal=seal)
    reject(release, actor, f"{actor.label} decided no-go: {decision.reason}")
    return decision


def _go(release: Release, actor: Actor, reason: str, seal: str, window: Mapping[str, Any] | None) -> Decision:
    if window is not None:
        put_unasked(release, window, actor, reason=reason)
    found = readiness(release, "go")
    if found.blockers:
        raise NotReady(
            f"{release.version} cannot have its go yet: " + " ".join(b.sentence for b in found.blockers),
            blockers=found.blockers,
        )
    assert release.gate_id is not None
    assert release.window_start is not None
    assert release.window_end is not None
    decision = deciding.decide(
        release.gate_id,
        actor=actor,
        answer=DecisionAnswer.GO,
        reason=reason,
        seal=seal,
        window=(release.window_start, release.window_end),
    )
    before = release.status
    release.approve()
    keep(
        release,
        "release.approved",
        actor.id,
        before={"state": before},
        after=in_words(release),
        reason=reason,
        data={"decision": decision.pk, "seal": release.seal},
    )
    return decision


def _postpone(
    release: Release, actor: Actor, reason: str, seal: str, window: Mapping[str, Any] | None
) -> Decision:
    assert release.gate_id is not None
    decision = deciding.decide(
        release.gate_id, actor=actor, answer=DecisionAnswer.POSTPONE, reason=reason, seal=seal
    )
    before = in_words(release)
    if release.status == ReleaseState.APPROVED:
        release.return_to_review()
    release.window_start, release.window_end, release.window_zone = None, None, ""
    keep(
        release,
        "release.postponed",
        actor.id,
        before=before,
        after=in_words(release),
        reason=reason,
        data={"decision": decision.pk},
    )
    if window is not None:
        put(release, window, actor, reason=reason)
    return decision
