"""What waits for one person and is no release's: stops, reviews that are owed, a changed policy.

In: an actor and gates that `approvals.queries.owed.urgent_gates` has found. Out: rows of "for you".
Called by `queries.waiting`; asks the database nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from accounts.actors import Actor
from accounts.roles import Role
from approvals import queries as approvals
from approvals.models import EmergencyStop, Gate, Review
from approvals.policy import Action, may
from approvals.states import GateState
from releases.queries.fact import listed, utc

HERE = "/emergency/"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits: where it is done (`link`) and what the button says (`label`)."""

    title: str
    sentence: str
    link: str
    label: str


@dataclass(frozen=True, slots=True)
class Urgent:
    """The rows, from what presses most to what presses least."""

    stops: list[Waiting]
    late: list[Waiting]
    owed: list[Waiting]
    policy: list[Waiting]


def urgent_for(actor: Actor, gates: Iterable[Gate], now: datetime) -> Urgent:
    """What this person can sign or lift of these gates; what nobody asks of them is left out."""
    found = list(gates)
    roles = {gate.pk: held for gate, held in approvals.waiting_for(actor, found)}
    reviews = sorted(
        (g.review for g in found if hasattr(g, "review") and g.pk in roles), key=lambda r: (r.due_at, r.pk)
    )
    return Urgent(
        stops=[row for gate in found if hasattr(gate, "stop") for row in _of_stop(actor, gate, roles)],
        late=[
            *(_vetoed(gate.review) for gate in found if hasattr(gate, "review") and _may_follow(actor, gate)),
            *(_late(review) for review in reviews if review.due_at <= now),
        ],
        owed=[_owed(review, roles[review.gate_id]) for review in reviews if review.due_at > now],
        policy=[_policy(roles[gate.pk]) for gate in found if gate.kind == "policy" and gate.pk in roles],
    )


def _of_stop(actor: Actor, gate: Gate, roles: dict[int, tuple[Role, ...]]) -> Iterator[Waiting]:
    """Signed first; lifting waits for whoever may, and so does asking again."""
    stop: EmergencyStop = gate.stop
    title = f"{stop.place.capitalize()} stopped"
    if gate.pk in roles:
        text = f"Since {utc(stop.at)}; your signature as {_named(roles[gate.pk])} is one that lifts it."
        yield Waiting(title, text, f"{HERE}stops/{stop.pk}/sign/", "Review and sign")
    elif may(actor, Action.LIFT_STOP) is not None:
        return
    elif gate.status == GateState.SATISFIED:
        yield Waiting(
            title, "Every role has signed; it waits to be lifted.", f"{HERE}stops/{stop.pk}/lift/", "Lift it"
        )
    elif not gate.is_live:
        text = f"Not to be lifted: {gate.closing_reason} It can be asked again."
        yield Waiting(title, text, HERE, "Look")


def _may_follow(actor: Actor, gate: Gate) -> bool:
    """Can this person name what follows a review that said no-go?"""
    open_to = may(actor, Action.FOLLOW_REVIEW) is None and actor.id not in gate.barred
    return open_to and gate.review.is_vetoed


def _vetoed(review: Review) -> Waiting:
    text = "It said no-go, and blocks the next ordinary release until somebody has named what follows."
    return Waiting(review.gate.label, text, f"{HERE}reviews/{review.pk}/follow-up/", "Name what follows")


def _late(review: Review) -> Waiting:
    text = f"Late since {utc(review.due_at)}, and blocks the next ordinary release."
    return Waiting(review.gate.label, text, f"{HERE}reviews/{review.pk}/sign/", "Review and sign")


def _owed(review: Review, roles: tuple[Role, ...]) -> Waiting:
    text = f"Your signature as {_named(roles)} is owed until {utc(review.due_at)}; once late it blocks."
    return Waiting(review.gate.label, text, f"{HERE}reviews/{review.pk}/sign/", "Review and sign")


def _policy(roles: tuple[Role, ...]) -> Waiting:
    text = f"Waits for your signature as {_named(roles)}."
    return Waiting("Changed approval policy", text, "/policy/", "Review and sign")


def _named(roles: tuple[Role, ...]) -> str:
    return listed([role.label for role in roles])
