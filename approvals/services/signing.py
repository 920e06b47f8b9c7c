"""Sign a gate and withdraw a signature. Callers: `releases.services.signing`.

Two last signatures in the same instant queue for the gate's row lock: both are stored, and the
second finds the gate as the first left it.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import IntegrityError, transaction

from accounts.actors import Actor, person
from accounts.models import User
from accounts.roles import Role
from accounts.services.factors import demand_fresh
from approvals.errors import AlreadySigned, GateClosed, GateNotFound, MayNotSign
from approvals.models import Gate, SignOff
from approvals.policy import Action, may_sign_here, require, signed_otherwise, voices, who_may
from approvals.services.exceptions import use_exception
from approvals.services.locking import about, demand_seal, end_go, locked, reject, settle
from approvals.services.signatures import keep_signoff, keep_withdrawal
from approvals.states import Answer
from events import clock
from events.errors import Invalid
from events.services import record

REMARK_LIMIT = 10_000
"""Characters of a remark; more than a page is a document and belongs behind a link."""


@transaction.atomic
def sign(
    gate_id: int, *, actor: Actor, role: Role | str, answer: Answer | str, remark: str, seal: str
) -> SignOff:
    """Answer go or no-go in one role about one seal.

    A no-go rejects the gate, a satisfied one too, and needs a remark. Raises NotAllowed or
    MayNotSign (who), WrongSeal (what), GateClosed, AlreadySigned, Invalid (how), and last what
    `demand_fresh` raises.
    """
    require(actor, Action.SIGN)
    chosen, said, text = _read(role, answer, remark)
    gate = locked(gate_id)
    actor = _as_of_now(actor)
    _demand_may_sign(gate, actor, chosen)
    demand_seal(gate, seal)
    signoff = _store(gate, actor, chosen, said, text)
    signed = keep_signoff(signoff, actor)
    _count_exceptions(gate, signoff)
    record(
        gate.stream,
        "signoff.given",
        actor.id,
        after={
            "signoff": signoff.pk,
            "role": chosen,
            "answer": said,
            "meaning": signoff.meaning,
            "stands_in_for": signoff.stands_in_for.actor_id if signoff.stands_in_for else None,
        },
        reason=text,
        data=about(gate) | {"factors": signoff.factors, "signature": signed.signature, "key": signed.key_id},
    )
    if said == Answer.NO_GO:
        reject(gate, actor.id, f"{actor.label} said no-go as {chosen.label}: {text}")
    else:
        settle(gate, actor.id)
    return signoff


def _read(role: Role | str, answer: Answer | str, remark: str) -> tuple[Role, Answer, str]:
    faults: dict[str, list[str]] = {}
    if role not in Role.values:
        faults["role"] = [f"“{role}” is no role. Roles that sign: {who_may(Action.SIGN)}."]
    if answer not in Answer.values:
        faults["answer"] = ["The answer is “go” or “no_go”."]
    text = remark.strip()
    if answer == Answer.NO_GO and not text:
        faults["remark"] = ["A no-go needs a remark that says what has to change."]
    if len(text) > REMARK_LIMIT:
        faults["remark"] = [f"A remark has at most {REMARK_LIMIT} characters; link to longer texts."]
    if faults:
        raise Invalid(" ".join(texts[0] for texts in faults.values()), fields=faults)
    return Role(role), Answer(answer), text


def _as_of_now(actor: Actor) -> Actor:
    """The signer with the roles of this moment, not those with which the request began."""
    if actor.user is None:
        return actor
    now = person(User.objects.get(pk=actor.user.pk))
    return replace(actor, roles=now.roles, lent=now.lent)


def _demand_may_sign(gate: Gate, actor: Actor, role: Role) -> None:
    refusal = may_sign_here(gate, actor, role)
    if refusal is None:
        refusal = signed_otherwise(gate, actor, role)
        if refusal is not None:
            raise AlreadySigned(refusal)
        return
    if not gate.is_live or gate.is_overdue:
        raise GateClosed(refusal if not gate.closing_reason else f"{refusal} {gate.closing_reason}")
    if actor.user and any(s.person_id == actor.user.pk for s in gate.standing_signoffs):
        raise AlreadySigned(f"{refusal} Withdraw that signature first to answer otherwise.")
    raise MayNotSign(refusal)


def _count_exceptions(gate: Gate, signoff: SignOff) -> None:
    if signoff.person.actor_id in gate.barred:
        use_exception(gate, "author_signs", signoff.person)
    if "one_person_two_roles" in gate.exceptions and _has_another_role(gate, signoff):
        use_exception(gate, "one_person_two_roles", signoff.person)


def _has_another_role(gate: Gate, signoff: SignOff) -> bool:
    """Does this person stand in another role here, or at another live gate of the same subject?"""
    here = [(s.person_id, s.role) for s in gate.standing_signoffs]
    there = [(s.person_id, s.role) for s in gate.answers_elsewhere]
    return any(person == signoff.person_id and role != signoff.role for person, role in here + there)


def _store(gate: Gate, actor: Actor, role: Role, answer: Answer, remark: str) -> SignOff:
    assert actor.user is not None  # may_sign lets nobody pass but people
    signoff = SignOff(
        gate=gate,
        person=actor.user,
        role=role,
        answer=answer,
        meaning=gate.requirements.get(role=role).meaning,
        remark=remark,
        seal=gate.seal,
        at=clock.now(),
        stands_in_for_id=voices(gate, actor, role)[0] if role in actor.lent else None,
        factors=demand_fresh(actor, f"sign {gate.label} as {role.label}"),
    )
    try:
        with transaction.atomic():
            signoff.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadySigned(
            f"{actor.label}, or whom they stand in for, has signed {gate.label} already."
        ) from error
    return signoff


@transaction.atomic
def withdraw(signoff_id: int, *, actor: Actor, reason: str) -> SignOff:
    """Take one's own signature back while the gate is live; a satisfied gate then asks again.

    That production has not started is the caller's to see. Raises GateNotFound, NotAllowed,
    GateClosed, Invalid.
    """
    require(actor, Action.SIGN)
    text = reason.strip()
    if not text:
        raise Invalid(
            "A withdrawal needs a reason, which the others read.", fields={"reason": ["Give a reason."]}
        )
    gate_id = SignOff.objects.filter(pk=signoff_id).values_list("gate_id", flat=True).first()
    if gate_id is None:
        raise GateNotFound("There is no such signature.")
    gate = locked(gate_id)
    signoff = gate.signoffs.select_related("person").get(pk=signoff_id)
    _demand_may_withdraw(gate, signoff, actor)
    signoff.withdrawn_at, signoff.withdrawn_reason = clock.now(), text
    signoff.save(update_fields=("withdrawn_at", "withdrawn_reason"))
    signed = keep_withdrawal(signoff, actor)
    record(
        gate.stream,
        "signoff.withdrawn",
        actor.id,
        before={"signoff": signoff.pk, "role": signoff.role, "answer": signoff.answer},
        after={"signoff": signoff.pk, "withdrawn": True},
        reason=text,
        data=about(gate) | {"signature": signed.signature, "key": signed.key_id},
    )
    if not gate.is_met:
        end_go(gate, actor.id, f"{actor.label} withdrew a signature: {text}")
    settle(gate, actor.id)
    return signoff


def _demand_may_withdraw(gate: Gate, signoff: SignOff, actor: Actor) -> None:
    if actor.user is None or signoff.person_id != actor.user.pk:
        raise MayNotSign(f"Only {signoff.person.handle} can withdraw this signature.")
    if not gate.is_live:
        raise GateClosed(f"This gate is {gate.status.label.lower()}; its signatures stay as they are.")
    if not signoff.stands:
        raise GateClosed("This signature does not count any more; there is nothing to withdraw.")
