"""Break the glass: one signature is enough now, and everybody passed over reviews it afterwards.

In: a gate that misses signatures, somebody of a named role, a reason. Out: the gate settles with one
signature, a review is owed. A late entry records the same for what was done past the portal.
Called by `releases.services.emergency`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from accounts.actors import Actor
from accounts.roles import Role
from accounts.services.factors import demand_fresh
from approvals.emergency_rules import Named, named_for
from approvals.errors import AlreadySigned, GateClosed, MayNotSign, NothingOwed
from approvals.models import BreakGlass, Gate, ReviewCause
from approvals.policy import Action, require
from approvals.queries.versions import rule_now
from approvals.rules import Asked
from approvals.services.emergency_signatures import BROKEN_GLASS, LATE_ENTRY, keep_emergency
from approvals.services.locking import about, demand_seal, locked, settle
from approvals.services.reviews import open_review
from approvals.states import GateState
from events import canonical, clock
from events.errors import Invalid, NotAllowed
from events.services import record

REASON_LIMIT = 10_000
SKEW = timedelta(minutes=1)
OLDEST = timedelta(days=366)


@transaction.atomic
def break_glass(gate_id: int, *, actor: Actor, reason: str, seal: str) -> BreakGlass:
    """Let this gate pass with one signature and open its review.

    Raises NotAllowed (role, token), Invalid (no reason), MayNotSign (an author), WrongSeal, GateClosed,
    NothingOwed when nothing is missing, AlreadySigned when the glass is broken already, and last what
    `demand_fresh` raises.
    """
    require(actor, Action.BREAK_GLASS)
    text = read_reason(reason)
    gate = locked(gate_id)
    named = named_for(Action.BREAK_GLASS, gate.environment, gate.release_kind)
    role = named_role(actor, named, Action.BREAK_GLASS)
    _demand_breakable(gate, actor)
    demand_seal(gate, seal)
    asked = named.reviewers or _passed_over(gate, role)
    factors = demand_fresh(actor, f"break the glass for {gate.label}")
    now = clock.now()
    assert actor.user is not None  # only a person has a factor
    reviewed_by = [one.as_data() for one in asked]
    signed = keep_emergency(
        BROKEN_GLASS, actor=actor, role=role, reason=text, at=now, stream=gate.stream, factors=factors,
        gate=gate, seal=gate.seal, happened_at=now.astimezone(UTC).isoformat(), reviewed_by=reviewed_by,
    )  # fmt: skip
    broken = BreakGlass.objects.create(
        signed_act=signed,
        gate=gate,
        label=gate.label,
        stream=gate.stream,
        seal=gate.seal,
        person=actor.user,
        role=role.value,
        reason=text,
        at=now,
        recorded_at=now,
        factors=factors,
    )
    record(
        gate.stream,
        "glass.broken",
        actor.id,
        after={"break_glass": broken.pk, "role": role.value, "reviewed_by": reviewed_by},
        reason=text,
        data=about(gate) | {"factors": factors, "signature": signed.signature, "key": signed.key_id},
    )
    open_review(
        of=gate,
        cause=ReviewCause.BREAK_GLASS,
        label=f"Review of broken glass: {gate.label}",
        stream=gate.stream,
        seal=gate.seal,
        asked=asked,
        barred={**gate.barred, actor.id: "they broke the glass themselves."},
        actor=actor,
        summary={"reason": text, "by": actor.id, "role": role.value},
        within=named.review_within,
    )
    settle(Gate.objects.select_for_update().get(pk=gate.pk), actor.id)
    return broken


@transaction.atomic
def record_late(
    *, actor: Actor, label: str, stream: str, seal: str, release_kind: str, reason: str, at: datetime
) -> BreakGlass:
    """Record what was done past the portal while it was away, with its true time, and open its review.

    Raises NotAllowed, Invalid (no reason, a time to come or long ago), and what `demand_fresh` raises.
    """
    require(actor, Action.RECORD_LATE)
    if actor.user is None:
        raise NotAllowed("Only people record what people did.")
    text = read_reason(reason)
    now = clock.now()
    if at > now + SKEW or at < now - OLDEST:
        sentence = "The time lies in the future." if at > now else "This is more than a year ago."
        raise Invalid(sentence, fields={"at": [sentence]})
    factors = demand_fresh(actor, f"record what was done to {label}")
    seal, role, at = (
        seal or canonical.sha256({"label": label, "reason": text}),
        min(actor.roles),
        min(at, now),
    )
    signed = keep_emergency(
        LATE_ENTRY, actor=actor, role=role, reason=text, at=now, stream=stream, factors=factors,
        seal=seal, about=label, happened_at=at.astimezone(UTC).isoformat(),
    )  # fmt: skip
    entry = BreakGlass.objects.create(
        signed_act=signed,
        label=label,
        stream=stream,
        seal=seal,
        person=actor.user,
        role=role.value,
        reason=text,
        at=at,
        recorded_at=now,
        late_entry=True,
        factors=factors,
    )
    record(
        f"late-entry/{entry.pk}",
        "glass.late_entry",
        actor.id,
        after={"late_entry": entry.pk, "at": entry.at.isoformat(), "recorded_at": now.isoformat()},
        reason=text,
        data={
            "label": label,
            "about": stream,
            "factors": factors,
            "signature": signed.signature,
            "key": signed.key_id,
        },
    )
    open_review(
        of=None,
        cause=ReviewCause.LATE_ENTRY,
        label=f"Review of a late entry: {label}",
        stream=f"late-entry/{entry.pk}",
        seal=entry.seal,
        asked=_everybody(release_kind),
        barred={actor.id: "they recorded it themselves."},
        actor=actor,
        summary={"reason": text, "by": actor.id, "at": entry.at.isoformat(), "about": stream},
    )
    return entry


def named_role(actor: Actor, named: Named, action: Action) -> Role:
    """The role in which the actor acts; raises NotAllowed when the policy names none of theirs."""
    held = sorted(actor.roles & named.roles)
    if not held:
        names = " or ".join(role.label for role in sorted(named.roles)) or "nobody"
        raise NotAllowed(f"{actor.label} may not {action}: the approval policy names {names}.")
    return held[0]


def read_reason(reason: str) -> str:
    """The reason, stripped; raises Invalid for none or too much of it."""
    text = reason.strip()
    if not text or len(text) > REASON_LIMIT:
        sentence = "Give a reason; the reviewers read it." if not text else "Link to longer texts."
        raise Invalid(sentence, fields={"reason": [sentence]})
    return text


def reviewing(role: str, count: int, meaning: str) -> Asked:
    """The same role, asked for a review instead."""
    return Asked(Role(role), count, f"reviewed afterwards: {meaning}"[:200])


def _everybody(release_kind: str) -> tuple[Asked, ...]:
    """Everybody whom the policy would have asked."""
    rule = rule_now("production", "", release_kind)
    asked = (*rule.signatures, *rule.owed) if rule is not None else ()
    return tuple(reviewing(one.role, one.count, one.meaning) for one in asked)


def _demand_breakable(gate: Gate, actor: Actor) -> None:
    if not gate.is_live:
        raise GateClosed(f"This gate is {gate.status.label.lower()}. {gate.closing_reason}")
    if actor.id in gate.barred:
        raise MayNotSign(f"{actor.label} may not break the glass for {gate.label}: {gate.barred[actor.id]}")
    if hasattr(gate, "break_glass"):
        raise AlreadySigned(f"The glass was broken for {gate.label} already; one signature is enough.")
    if gate.status == GateState.SATISFIED:
        raise NothingOwed(f"{gate.label} has all its signatures; there is no need to break the glass.")


def _passed_over(gate: Gate, role: Role) -> tuple[Asked, ...]:
    """What is missing, without the breaker's own role, which they can still give at the gate itself.

    Where that leaves nobody, every other role that the gate asks reviews it.
    """
    standing = gate.standing_signoffs
    missing, others = [], []
    for asked in gate.requirements.all():
        left = asked.count - sum(s.role == asked.role for s in standing)
        if asked.role != role:
            others.append(reviewing(asked.role, asked.count, asked.meaning))
            if left > 0:
                missing.append(reviewing(asked.role, left, asked.meaning))
    owed = [reviewing(**one) for one in (gate.owed or {}).get("signatures", ()) if one["role"] != role]
    found = tuple([*missing, *owed] or others)
    if not found:
        raise NothingOwed(f"{gate.label} asks nobody else; its one signature can simply be given.")
    return found
