"""The Release Manager's decision about a gate. Callers: `releases.services.deciding`."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.actors import Actor, person
from accounts.roles import Role
from accounts.services.factors import demand_fresh
from approvals import queries
from approvals.errors import AlreadyDecided, GateClosed, MayNotSign
from approvals.models import BreakGlass, Decision, Gate
from approvals.policy import TABLE, Action, require, why_invalid
from approvals.services.locking import about, demand_seal, end_go, locked, reject
from approvals.services.signatures import keep_decision
from approvals.states import DecisionAnswer
from events import clock
from events.errors import Blocked, Blocker, Invalid
from events.services import record

Window = tuple[datetime, datetime]


@transaction.atomic
def decide(
    gate_id: int,
    *,
    actor: Actor,
    answer: DecisionAnswer | str,
    reason: str,
    seal: str,
    window: Window | None = None,
) -> Decision:
    """Say go for one window, no-go (closes the gate), or postpone (ends a go that stands).

    Raises NotAllowed, Invalid, GateClosed, WrongSeal, Blocked while signatures are missing,
    AlreadyDecided when a go stands, and last what `demand_fresh` raises.
    """
    require_may_decide(actor, gate_id, answer)
    said, text = _read(answer, reason, window)
    gate = locked(gate_id)
    if not gate.is_live:
        raise GateClosed(f"This gate is {gate.status.label.lower()}. {gate.closing_reason}")
    demand_seal(gate, seal)
    if said == DecisionAnswer.GO:
        _demand_go(gate, actor)
    decision = _store(gate, actor, said, text, window)
    signed = keep_decision(decision, actor)
    record(
        gate.stream,
        "decision.made",
        actor.id,
        after={"decision": decision.pk, "answer": said, "window": [m.isoformat() for m in window or ()]},
        reason=text,
        data=about(gate) | {"factors": decision.factors, "signature": signed.signature, "key": signed.key_id},
    )
    if said == DecisionAnswer.NO_GO:
        reject(gate, actor.id, f"{actor.label} decided no-go: {text}")
    elif said == DecisionAnswer.POSTPONE:
        end_go(gate, actor.id, f"{actor.label} postponed: {text}")
    return decision


def require_may_decide(actor: Actor, gate_id: int | None, answer: DecisionAnswer | str) -> None:
    """Raise NotAllowed unless the table lets this actor decide; who broke the glass here may say go."""
    scoped = actor.scopes is None or TABLE[Action.DECIDE].scope in actor.scopes
    broke = actor.user is not None and scoped and answer == DecisionAnswer.GO
    if broke and BreakGlass.objects.filter(gate=gate_id, person=actor.user).exists():
        require(actor, Action.BREAK_GLASS)
        return
    require(actor, Action.DECIDE)


def _read(answer: DecisionAnswer | str, reason: str, window: Window | None) -> tuple[DecisionAnswer, str]:
    faults: dict[str, list[str]] = {}
    text = reason.strip()
    if answer not in DecisionAnswer.values:
        faults["answer"] = ["The answer is “go”, “no_go” or “postpone”."]
    elif answer != DecisionAnswer.GO and not text:
        faults["reason"] = ["Anything but a go needs a reason, which everybody concerned reads."]
    elif answer == DecisionAnswer.GO and window is None:
        faults["window"] = ["A go is for one window; set the production window first."]
    if window is not None and window[1] <= window[0]:
        faults["window"] = ["The window must end after it starts."]
    if faults:
        raise Invalid(" ".join(texts[0] for texts in faults.values()), fields=faults)
    return DecisionAnswer(answer), text


def _demand_go(gate: Gate, actor: Actor) -> None:
    if actor.id in gate.barred:
        raise MayNotSign(
            f"{actor.label} may not say go for {gate.label}: {gate.barred[actor.id]} "
            "Another Release Manager can."
        )
    if gate.decisions.filter(answer=DecisionAnswer.GO, revoked_at=None).exists():
        raise AlreadyDecided(f"A go stands already for {gate.label}.")
    if gate.is_overdue:
        raise GateClosed(f"The gate of {gate.label} expired at {gate.expires_at:%Y-%m-%d %H:%M} UTC.")
    _demand_signers_stand(gate)
    blockers = queries.missing(gate)
    if blockers:
        raise Blocked(
            f"{gate.label} cannot have its go yet: " + " ".join(b.sentence for b in blockers),
            blockers=blockers,
        )


def _demand_signers_stand(gate: Gate) -> None:
    """Judge every signer as they are now: who lost the role or the account counts no more."""
    standing = gate.signoffs.filter(withdrawn_at=None, invalid_reason="").select_related("person")
    judged = [why_invalid(gate, person(s.person), Role(s.role)) for s in standing]
    lost = [sentence for sentence in judged if sentence is not None]
    if lost:
        raise Blocked(
            f"{gate.label} cannot have its go: {' '.join(lost)}",
            blockers=[Blocker("signoff-invalid", why, "another holder of the role") for why in lost],
        )


def _store(gate: Gate, actor: Actor, answer: DecisionAnswer, reason: str, window: Window | None) -> Decision:
    proved = demand_fresh(actor, f"decide about {gate.label}")
    assert actor.user is not None  # only a person has a factor
    decision = Decision(
        gate=gate,
        by=actor.user,
        answer=answer,
        reason=reason,
        seal=gate.seal,
        window_start=window[0] if window else None,
        window_end=window[1] if window else None,
        at=clock.now(),
        factors=proved,
    )
    try:
        with transaction.atomic():
            decision.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyDecided(f"A go stands already for {gate.label}.") from error
    return decision


@transaction.atomic
def revoke_go(gate_id: int, *, reason: str, actor: Actor) -> bool:
    """End the standing go (window moved or missed); True when there was one. Who may: the caller's."""
    return end_go(locked(gate_id), actor.id, reason)
