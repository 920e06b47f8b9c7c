"""Write down what somebody signs, and sign it with the portal's key; check all of it again.

Called inside the transaction of the act, so that there is no act without its signature and none the
other way round. Callers: signing, deciding, and every room with an act that binds (breaking glass,
overriding a freeze).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from accounts.actors import Actor
from accounts.roles import Role
from approvals.models import Decision, Gate, SignedAct, SignOff
from approvals.summaries import covers
from events import canonical, keys
from events.keys import Signed

FORMAT = "hmhp-portal signature 1"
SIGN_OFF, WITHDRAWAL, DECISION = "sign-off", "withdrawal", "decision"
MEANINGS = {
    "go": "decided to go in this window",
    "no_go": "decided not to go",
    "postpone": "decided to postpone",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A signature that does not hold, or an act that lacks its own."""

    what: str
    sentence: str


ROWS: dict[str, Callable[[SignedAct], list[dict[str, Any]]]] = {}
"""Kind of act → what its rows say now, in the words of what was signed; empty when the row is gone.

Filled by the rooms whose acts are no answers: `emergency_signatures`, `releases.services.overriding`.
"""

ACTS_OF: list[tuple[type[Model], str, frozenset[str], Q]] = []
"""Models of emergency acts, the column that names what was signed, the kinds of act that it may name, and
which rows need one."""

CHECKS: list[Callable[[], Iterator[Fault]]] = []
"""What rooms above hold against what was signed; filled by them (`releases.services.sealed`)."""


def keep_signed(
    act: str,
    *,
    actor: Actor,
    meaning: str,
    at: datetime,
    stream: str,
    factors: Mapping[str, Any],
    says: Mapping[str, Any],
    gate: Gate | None = None,
    signoff: SignOff | None = None,
    decision: Decision | None = None,
) -> SignedAct:
    """Sign one act of a person and keep it; `says` is what this kind of act states, as plain JSON.

    Raises CannotSign where the key keeper does not sign: then the act is not done either.
    """
    assert actor.user is not None  # `demand_fresh` let nobody pass but a person
    document = {
        "format": FORMAT,
        "act": act,
        "meaning": meaning,
        "at": at.astimezone(UTC).isoformat(),
        "signer": {"id": actor.id, "login": actor.user.username, "name": actor.user.name},
        "stream": stream,
        "factors": dict(factors),
        **says,
    }
    if gate is not None:
        document["gate"] = _about(gate)
    signed = keys.sign(document)
    return SignedAct.objects.create(
        act=act,
        stream=stream,
        person=actor.user,
        gate=gate,
        signoff=signoff,
        decision=decision,
        at=at,
        text=signed.text,
        key_id=signed.key_id,
        signature=signed.signature,
    )


def keep_signoff(signoff: SignOff, actor: Actor) -> SignedAct:
    """What a signer signs."""
    return keep_signed(
        SIGN_OFF,
        actor=actor,
        meaning=signoff.meaning,
        at=signoff.at,
        stream=signoff.gate.stream,
        factors=signoff.factors,
        says=_says_signoff(signoff),
        gate=signoff.gate,
        signoff=signoff,
    )


def keep_withdrawal(signoff: SignOff, actor: Actor) -> SignedAct:
    """What a signer takes back; no factor is asked for what only makes things safer."""
    assert signoff.withdrawn_at is not None
    return keep_signed(
        WITHDRAWAL,
        actor=actor,
        meaning=f"withdrew: {signoff.meaning}",
        at=signoff.withdrawn_at,
        stream=signoff.gate.stream,
        factors={"channel": "session" if actor.scopes is None else "token"},
        says=_says_withdrawal(signoff),
        gate=signoff.gate,
        signoff=signoff,
    )


def keep_decision(decision: Decision, actor: Actor) -> SignedAct:
    """What the Release Manager decides."""
    return keep_signed(
        DECISION,
        actor=actor,
        meaning=MEANINGS[decision.answer],
        at=decision.at,
        stream=decision.gate.stream,
        factors=decision.factors,
        says=_says_decision(decision),
        gate=decision.gate,
        decision=decision,
    )


def _about(gate: Gate) -> dict[str, Any]:
    """The gate as it asked, and what it showed: a summary to read, and the hash of all of it."""
    return {
        "kind": gate.kind,
        "label": gate.label,
        "round": gate.round,
        "environment": gate.environment,
        "policy_version": gate.policy_version,
        "covers": covers(gate.summary),
        "summary_sha256": canonical.sha256(gate.summary),
    }


def _says_signoff(signoff: SignOff) -> dict[str, Any]:
    deputy_of = signoff.stands_in_for
    return {
        "role": signoff.role,
        "role_name": Role(signoff.role).label,
        "stands_in_for": deputy_of.actor_id if deputy_of else None,
        "answer": signoff.answer,
        "remark": signoff.remark,
        "seal": signoff.seal,
    }


def _says_withdrawal(signoff: SignOff) -> dict[str, Any]:
    return {
        "role": signoff.role,
        "role_name": Role(signoff.role).label,
        "reason": signoff.withdrawn_reason,
        "seal": signoff.seal,
    }


def _says_decision(decision: Decision) -> dict[str, Any]:
    window = decision.window
    return {
        "role": Role.RELEASE_MANAGER.value,
        "role_name": Role.RELEASE_MANAGER.label,
        "answer": decision.answer,
        "reason": decision.reason,
        "seal": decision.seal,
        "window": [moment.astimezone(UTC).isoformat() for moment in window] if window else None,
    }


def is_intact(act: SignedAct) -> bool:
    """Did the named key sign exactly this text?"""
    return keys.holds(Signed(act.text, act.key_id, act.signature))


def faults() -> Iterator[Fault]:
    """Every stored signature that does not hold, and every answer whose row says otherwise, in order.

    Judged: the signature over the text, the key's time, the row against the text, and that no answer
    lacks its signature. Then what rooms above hold against it.
    """
    known = keys.public_keys()
    ends = {key.id: key.valid_until for key in known}
    for act in SignedAct.objects.select_related(
        "signoff__stands_in_for", "signoff__person", "decision__by", "gate"
    ).iterator(2000):
        if not keys.holds(Signed(act.text, act.key_id, act.signature), known):
            yield Fault(str(act), f"Signature {act.pk} was not made by key {act.key_id} over this text.")
            continue
        end = ends.get(act.key_id)
        if end is not None and act.at > end:
            yield Fault(str(act), f"Signature {act.pk} says {act.at:%Y-%m-%d %H:%M}, after its key's end.")
        yield from _against_row(act)
    for model, kind in ((SignOff, SIGN_OFF), (Decision, DECISION)):
        for pk in model.objects.exclude(signed_acts__act=kind).order_by("pk").values_list("pk", flat=True):
            yield Fault(f"{kind} {pk}", f"The {kind} {pk} was never signed by the portal's key.")
    for owner, column, acts, needing in ACTS_OF:
        yield from _unsigned(owner._default_manager.filter(needing), column, acts)
    for check in CHECKS:
        yield from check()


def _unsigned(rows: QuerySet[Any], column: str, acts: frozenset[str]) -> Iterator[Fault]:
    """Emergency acts that name no signature, or one that was given for something else."""
    its = SignedAct.objects.filter(pk=OuterRef(f"{column}_id"), act__in=acts)
    kind = str(rows.model._meta.verbose_name)
    for pk in rows.exclude(Exists(its)).order_by("pk").values_list("pk", flat=True):
        yield Fault(f"{kind} {pk}", f"The {kind} {pk} was never signed by the portal's key.")


def _against_row(act: SignedAct) -> Iterator[Fault]:
    """Does the row that is shown say what was signed?"""
    text = canonical.loads(act.text)
    text["signer_id"] = text["signer"]["id"]
    says: dict[str, Any] = {"at": act.at.astimezone(UTC).isoformat(), "act": act.act, "stream": act.stream}
    if act.signoff is not None and act.act == SIGN_OFF:
        says |= _says_signoff(act.signoff) | {"meaning": act.signoff.meaning, "factors": act.signoff.factors}
    elif act.signoff is not None:
        says |= _says_withdrawal(act.signoff)
    elif act.decision is not None:
        says |= _says_decision(act.decision) | {"factors": act.decision.factors}
        says["signer_id"] = act.decision.by.actor_id
    if act.signoff is not None:
        says["signer_id"] = act.signoff.person.actor_id
    if act.gate is not None:
        says["gate"] = _about(act.gate)
    if act.act in ROWS:
        rows = ROWS[act.act](act)
        if not rows:
            yield Fault(str(act), f"Signature {act.pk} is of an act ({act.act}) whose record is gone.")
        for row in rows:
            says |= row
    changed = sorted(name for name, value in says.items() if text.get(name) != value)
    if changed:
        yield Fault(str(act), f"Signature {act.pk} was given for another {', '.join(changed)} than is shown.")
