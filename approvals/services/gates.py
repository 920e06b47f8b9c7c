"""Open, void and re-judge gates. Callers: `releases.services` (and later rooms that ask people)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts import actors
from accounts.actors import Actor
from accounts.roles import Role
from approvals.errors import EmptyGate, GateExists
from approvals.models import Gate, Requirement, SignOff
from approvals.policy import why_invalid
from approvals.queries.standing import unmeetable
from approvals.rules import Asked, Rule, handed_in
from approvals.services.locking import about, end_go, locked, settle
from approvals.services.versions import rule_for_gate
from approvals.states import GateState
from events import clock
from events.services import record

POLICY = actors.system("policy")


def open_gate(
    *,
    kind: str,
    label: str,
    seal: str,
    link: str,
    stream: str,
    environment: str,
    release_kind: str,
    summary: Mapping[str, Any],
    barred: Mapping[str, str],
    actor: Actor,
    expires_at: datetime | None = None,
    asked: Sequence[Asked] | None = None,
    never_sign: Sequence[str] = (),
) -> Gate:
    """Ask the roles of the policy in force about one seal; the gate keeps that version and its rule.

    `expires_at` replaces the rule's expiry, `asked` and `never_sign` the whole rule (frozen by another gate).
    `barred` maps actor ids to the full sentence why they may not sign (authors). Raises EmptyGate when the
    policy asks nobody, GateExists while an earlier gate of this stream and kind is live.
    """
    version, rule = rule_for_gate(kind, environment, release_kind)
    if asked is not None:
        rule = handed_in(kind, asked, never_sign)
    if rule is None or not rule.signatures:
        raise EmptyGate(
            f"The approval policy asks no role for the gate “{kind}”, so {label} could pass unseen. "
            "An Administrator must name its roles first."
        )
    now = clock.now()
    if expires_at is None and rule.expires_after is not None:
        expires_at = now + rule.expires_after
    earlier = Gate.objects.filter(stream=stream, kind=kind).aggregate(last=Max("round"))["last"] or 0
    gate = Gate(
        kind=kind,
        label=label,
        seal=seal,
        link=link,
        stream=stream,
        environment=environment,
        release_kind=release_kind,
        summary=dict(summary),
        barred=dict(barred),
        round=earlier + 1,
        policy_version=version,
        rule=rule.frozen(),
        opened_at=now,
        expires_at=expires_at,
    )
    with transaction.atomic():
        _insert(gate, rule)
        record(
            stream,
            "gate.opened",
            actor.id,
            after={"state": gate.status},
            data=about(gate)
            | {
                "asks": [asked.as_data() for asked in rule.signatures],
                "barred": dict(barred),
                "policy_version": version,
                "rule": gate.rule,
                "expires_at": expires_at,
            },
        )
    return gate


def _insert(gate: Gate, rule: Rule) -> None:
    try:
        with transaction.atomic():
            gate.save(force_insert=True)
    except IntegrityError as error:
        raise GateExists(f"A gate “{gate.kind}” of {gate.label} still takes answers.") from error
    Requirement.objects.bulk_create(
        Requirement(gate=gate, role=asked.role, count=asked.count, meaning=asked.meaning)
        for asked in rule.signatures
    )


@transaction.atomic
def void(gate_id: int, *, reason: str, actor: Actor) -> Gate:
    """What the gate asked about is no more: its signatures and any go end. Ends stay as they are."""
    gate = locked(gate_id)
    if not gate.is_live:
        return gate
    before = gate.status
    signers = [{"person": s.person.actor_id, "role": s.role, "signoff": s.pk} for s in _standing(gate)]
    gate.make_void()
    gate.closing_reason = reason
    gate.save()
    end_go(gate, actor.id, reason)
    record(
        gate.stream,
        "signatures.voided",
        actor.id,
        before={"state": before, "signers": signers},
        after={"state": gate.status, "signers": []},
        reason=reason,
        data=about(gate),
    )
    return gate


@transaction.atomic
def re_judge(gate_id: int, *, barred: Mapping[str, str] | None = None) -> list[str]:
    """Judge every standing signature again, now; returns a sentence for each that no longer counts.

    A signature ends with its signer's account or role, or when the signer turns out to be barred
    (hand in `barred` when the authors changed). A satisfied gate then asks again; an overdue one
    expires, which is told in the same list.
    """
    gate = locked(gate_id)
    if not gate.is_live:
        return []
    if barred is not None and dict(barred) != gate.barred:
        gate.barred = dict(barred)
        gate.save(update_fields=("barred",))
    lost = [sentence for signoff in _standing(gate) if (sentence := _judge(gate, signoff))]
    if lost:
        end_go(gate, POLICY.id, " ".join(lost))
        settle(gate, POLICY.id)
    lost += _expire_if_due(gate)
    look_whether_it_can_be_met(gate)
    return lost


def _standing(gate: Gate) -> list[SignOff]:
    rows = gate.signoffs.filter(withdrawn_at=None, invalid_reason="").select_related("person")
    return list(rows.order_by("at", "pk"))


def _judge(gate: Gate, signoff: SignOff) -> str | None:
    sentence = why_invalid(gate, actors.person(signoff.person), Role(signoff.role))
    if sentence is None:
        return None
    signoff.invalid_reason = sentence
    signoff.save(update_fields=("invalid_reason",))
    record(
        gate.stream,
        "signoff.invalid",
        POLICY.id,
        before={"signoff": signoff.pk, "answer": signoff.answer, "stands": True},
        after={"signoff": signoff.pk, "stands": False},
        reason=sentence,
        data=about(gate) | {"person": signoff.person.actor_id, "role": signoff.role},
    )
    return sentence


def _expire_if_due(gate: Gate) -> list[str]:
    if gate.expires_at is None or gate.expires_at > clock.now():
        return []
    before = gate.status
    gate.expire()
    gate.closing_reason = (
        f"The signatures were good until {gate.expires_at:%Y-%m-%d %H:%M} UTC; nobody made use of it in time."
    )
    gate.save()
    end_go(gate, POLICY.id, gate.closing_reason)
    record(
        gate.stream,
        "gate.expired",
        POLICY.id,
        before={"state": before},
        after={"state": gate.status},
        reason=gate.closing_reason,
        data=about(gate),
    )
    return [gate.closing_reason]


def look_whether_it_can_be_met(gate: Gate) -> None:
    """Record it when the present people can satisfy a locked gate no longer, and when they can again."""
    reason = unmeetable(gate) if gate.status == GateState.OPEN else ""
    if bool(reason) == bool(gate.stuck_reason):
        return
    before, gate.stuck_reason = gate.stuck_reason, reason
    gate.save(update_fields=("stuck_reason",))
    record(
        gate.stream,
        "gate.unsatisfiable" if reason else "gate.satisfiable",
        POLICY.id,
        before={"stuck": before},
        after={"stuck": reason},
        reason=reason,
        data=about(gate),
    )
