"""Stop everything at once; lift a stop once its gate is signed. Called by `deployments.services.stopping`.

Stopping is free: no signature, no factor, no reason demanded, and one transaction that waits only for
starts being committed. Lifting is signed: gate `stop_lift`, judged again at the moment of lifting, and who
lifts gives a fresh second factor.
"""

from __future__ import annotations

from datetime import UTC

from django.db import transaction

from accounts.actors import Actor
from accounts.services.factors import demand_fresh
from approvals import queries
from approvals.errors import GateNotFound, StopExists, StopLifted
from approvals.models import EmergencyStop, SignedAct
from approvals.policy import TABLE, Action, require
from approvals.policy_document import default_document
from approvals.rules import rule_for, rules_of
from approvals.services.emergency_signatures import STOP_LIFT, keep_emergency
from approvals.services.gates import open_gate, re_judge
from approvals.services.locking import locked
from approvals.services.versions import rule_for_gate
from approvals.states import GateState
from approvals.stops import hold_starts
from events import canonical, clock
from events.errors import Blocked, Invalid
from events.services import record

REASON_LIMIT = 10_000
GATE = "stop_lift"


@transaction.atomic
def make(*, environment: str, actor: Actor, reason: str = "") -> EmergencyStop:
    """Put a stop in force; `environment` "" means every one. Raises NotAllowed, Invalid, StopExists."""
    require(actor, Action.STOP)
    text = _text(reason)
    hold_starts()
    if EmergencyStop.objects.filter(environment=environment, lifted_at=None).exists():
        raise StopExists(f"An emergency stop of {environment or 'every environment'} is in force already.")
    channel = {"channel": "session" if actor.scopes is None else "token"}
    stop = EmergencyStop.objects.create(
        environment=environment, reason=text, by=actor.id, at=clock.now(), factors=channel
    )
    where = {"environment": environment}
    record(stop.stream, "stop.made", actor.id, after={"in_force": True}, reason=text, data=where)
    _ask(stop, actor)
    return stop


def _ask(stop: EmergencyStop, actor: Actor) -> None:
    """Ask the roles of the policy (the default's where it names none); the question never expires."""
    said = {
        "stop": stop.pk,
        "environment": stop.environment,
        "by": stop.by,
        "at": stop.at.isoformat(),
        "reason": stop.reason,
    }
    rule = rule_for_gate(GATE, stop.environment, "")[1] or rule_for(rules_of(default_document()), gate=GATE)
    stop.gate = open_gate(
        kind=GATE,
        label=f"Lift the emergency stop of {stop.place}",
        seal=canonical.sha256(said),
        link="/emergency/",
        stream=stop.stream,
        environment=stop.environment,
        release_kind="",
        summary=said,
        barred={},
        actor=actor,
        asked=rule.signatures if rule is not None else None,
        never_sign=rule.never_sign if rule is not None else (),
    )
    stop.save(update_fields=("gate",))


@transaction.atomic
def ask_again(stop_id: int, *, actor: Actor) -> EmergencyStop:
    """Ask for the lifting again after somebody said no-go. Raises NotAllowed, StopLifted, GateExists."""
    require(actor, Action.LIFT_STOP)
    stop = _taken(stop_id)
    _ask(stop, actor)
    return stop


def lift(stop_id: int, *, actor: Actor, reason: str) -> EmergencyStop:
    """Let forward moves and starts go on. Signatures are judged again first, and stay judged.

    Raises NotAllowed, Invalid (no reason), GateNotFound, StopLifted, Blocked while signatures are missing,
    and last what `demand_fresh` raises.
    """
    require(actor, Action.LIFT_STOP)
    text = _text(reason)
    if not text:
        raise Invalid("Say why forward moves may go on.", fields={"reason": ["Give a reason."]})
    with transaction.atomic():
        re_judge(_taken(stop_id).gate_id or 0)
    with transaction.atomic():
        stop = _taken(stop_id)
        _demand_signed(stop)
        stop.lifted_factors = demand_fresh(actor, f"lift the emergency stop of {stop.place}")
        stop.lifted_at, stop.lifted_by, stop.lifted_reason = clock.now(), actor.id, text
        stop.lift_act = signed = _signed(stop, actor)
        stop.save(update_fields=("lifted_at", "lifted_by", "lifted_reason", "lifted_factors", "lift_act"))
        record(
            stop.stream,
            "stop.lifted",
            actor.id,
            before={"in_force": True},
            after={"in_force": False},
            reason=text,
            data={
                "environment": stop.environment,
                "gate": stop.gate_id,
                "factors": stop.lifted_factors,
                "signature": signed.signature,
                "key": signed.key_id,
            },
        )
    return stop


def _signed(stop: EmergencyStop, actor: Actor) -> SignedAct:
    assert stop.lifted_at is not None
    role = min(actor.roles & TABLE[Action.LIFT_STOP].roles)
    return keep_emergency(
        STOP_LIFT, actor=actor, role=role, reason=stop.lifted_reason, at=stop.lifted_at,
        stream=stop.stream, factors=stop.lifted_factors, gate=stop.gate, scope=stop.place,
        stop={"id": stop.pk, "by": stop.by, "at": stop.at.astimezone(UTC).isoformat(), "reason": stop.reason},
    )  # fmt: skip


def find(stop_id: int) -> EmergencyStop:
    """The stop with its gate; raises GateNotFound."""
    stop = EmergencyStop.objects.select_related("gate").filter(pk=stop_id).first()
    if stop is None:
        raise GateNotFound("There is no such emergency stop.")
    return stop


def _taken(stop_id: int) -> EmergencyStop:
    stop = EmergencyStop.objects.select_for_update().filter(pk=stop_id).first()
    if stop is None:
        raise GateNotFound("There is no such emergency stop.")
    if not stop.in_force:
        raise StopLifted(f"This stop of {stop.place} was lifted at {stop.lifted_at:%Y-%m-%d %H:%M} UTC.")
    return stop


def _demand_signed(stop: EmergencyStop) -> None:
    gate = locked(stop.gate_id or 0)
    if gate.status == GateState.SATISFIED:
        return
    blockers = queries.missing(gate) if gate.is_live else []
    said = " ".join(b.sentence for b in blockers) or f"Its gate is {gate.status.label.lower()}."
    raise Blocked(f"The stop of {stop.place} cannot be lifted yet: {said}", blockers=blockers)


def _text(reason: str) -> str:
    text = reason.strip()
    if len(text) > REASON_LIMIT:
        raise Invalid(
            "The reason is too long; link to longer texts.",
            fields={"reason": [f"At most {REASON_LIMIT} characters."]},
        )
    return text
