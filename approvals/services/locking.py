"""How the services take a gate: locked, freshly read, and settled after an answer came or went."""

from __future__ import annotations

from approvals.errors import GateNotFound, WrongSeal
from approvals.models import Gate
from approvals.states import DecisionAnswer, GateState
from events import clock
from events.services import record


def locked(gate_id: int) -> Gate:
    """The gate under its row lock; raises GateNotFound. Needs the caller's transaction."""
    gate = Gate.objects.select_for_update().filter(pk=gate_id).first()
    if gate is None:
        raise GateNotFound("There is no such gate.")
    return gate


def demand_seal(gate: Gate, seal: str) -> None:
    """Raise WrongSeal unless the caller means the seal that this gate asks about."""
    if seal != gate.seal:
        raise WrongSeal(
            f"{gate.label} carries the seal {gate.seal[:8]} now, you answered for {seal[:8] or 'none'}. "
            "Read what changed, then answer again.",
            fields={"seal": [f"The seal is {gate.seal}."]},
        )


def settle(gate: Gate, actor_id: str) -> None:
    """Move the gate to where its standing signatures put it, and record the move."""
    if gate.status == GateState.OPEN and gate.is_met:
        gate.satisfy()
    elif gate.status == GateState.SATISFIED and not gate.is_met:
        gate.ask_again()
    else:
        return
    gate.save()
    kind = "gate.satisfied" if gate.status == GateState.SATISFIED else "gate.reopened"
    before = {"state": GateState.OPEN if kind == "gate.satisfied" else GateState.SATISFIED}
    record(gate.stream, kind, actor_id, before=before, after={"state": gate.status}, data=about(gate))


def reject(gate: Gate, actor_id: str, reason: str) -> None:
    """Close a live gate for good because somebody said no-go; any standing go ends with it."""
    before = gate.status
    if before == GateState.SATISFIED:
        gate.ask_again()
    gate.reject()
    gate.closing_reason = reason
    gate.save()
    end_go(gate, actor_id, reason)
    record(
        gate.stream,
        "gate.rejected",
        actor_id,
        before={"state": before},
        after={"state": gate.status},
        reason=reason,
        data=about(gate),
    )


def end_go(gate: Gate, actor_id: str, reason: str) -> bool:
    """Revoke and record the go that stands; True when there was one."""
    standing = gate.decisions.filter(answer=DecisionAnswer.GO, revoked_at=None)
    if not standing.update(revoked_at=clock.now(), revoked_reason=reason):
        return False
    record(
        gate.stream,
        "decision.revoked",
        actor_id,
        before={"answer": DecisionAnswer.GO, "stands": True},
        after={"answer": DecisionAnswer.GO, "stands": False},
        reason=reason,
        data=about(gate),
    )
    return True


def about(gate: Gate) -> dict[str, object]:
    """What every event of a gate says about it."""
    return {
        "gate": gate.pk,
        "kind": gate.kind,
        "label": gate.label,
        "environment": gate.environment,
        "round": gate.round,
        "seal": gate.seal,
    }
