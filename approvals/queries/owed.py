"""Reviews that are owed, the most urgent first; who can still give what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, Q

from approvals.models import EmergencyStop, Gate, Review
from approvals.policy import Action, who_may
from approvals.queries.standing import is_read, missing, read, standings
from approvals.states import GateState, ProposalState


def is_owed(to_gate: str = "gate__", to_review: str = "") -> Q:
    """It waits for signatures, or said no-go and nobody has named what follows; by the ways to both rows."""
    vetoed = Q(**{f"{to_gate}state": GateState.REJECTED, f"{to_review}follow_up": ""})
    return Q(**{f"{to_gate}state": GateState.OPEN}) | vetoed


def owed_reviews() -> list[Review]:
    """Every review that is still owed, with its gate, in one query."""
    found = Review.objects.filter(is_owed()).select_related("gate")
    return list(found.order_by("due_at", "id"))


def stop_and_reviews(
    environment: str, among: Sequence[Gate] | None = None
) -> tuple[EmergencyStop | None, list[Review]]:
    """The oldest stop that holds this environment, and every review that is owed.

    `among` are gates that `urgent_gates` has found already; without it they are read.
    """
    found = urgent_gates() if among is None else among
    stops = [g.stop for g in found if hasattr(g, "stop") and g.stop.environment in ("", environment)]
    reviews = sorted((g.review for g in found if hasattr(g, "review")), key=lambda r: (r.due_at, r.pk))
    return min(stops, key=lambda stop: (stop.at, stop.pk), default=None), reviews


def urgent_gates() -> list[Gate]:
    """Gates of stops in force, of owed reviews and of a policy that waits, oldest first, in one query."""
    stops = Q(stop__isnull=False, stop__lifted_at=None)
    reviews = Q(review__isnull=False) & is_owed("", "review__")
    policy = Q(policy_proposal__state=ProposalState.PENDING, state=GateState.OPEN)
    found = Gate.objects.filter(stops | reviews | policy).select_related("stop", "review")
    return list(found.order_by("opened_at", "pk"))


def anything_urgent() -> Q:
    """Is a stop in force anywhere, or a review owed? Asked within another query, which it costs nothing."""
    stops = EmergencyStop.objects.filter(lifted_at=None)
    return Q(Exists(stops)) | Q(Exists(Review.objects.filter(is_owed())))


def who_owes(reviews: Sequence[Review], beside: Gate | None = None) -> str:
    """Whose signatures are missing, or who names what follows a no-go, as words for a sentence.

    People are read once for all of them. `beside` is a gate whose page has read its people already: they
    are not read again.
    """
    gates = list(read([review.gate for review in reviews]).values())
    standings([*gates, beside] if beside is not None and is_read(beside) else gates)
    vetoed = any(review.is_vetoed for review in reviews)
    who = [blocker.who for gate in gates if gate.is_live for blocker in missing(gate)]
    return " and ".join(dict.fromkeys([*who, *([who_may(Action.FOLLOW_REVIEW)] if vetoed else [])]))
