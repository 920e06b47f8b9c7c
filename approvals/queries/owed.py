"""Reviews that are owed, the most urgent first; who can still give what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, Q

from approvals.models import EmergencyStop, Gate, Review
from approvals.queries.standing import is_read, missing, read, standings
from approvals.states import GateState, ProposalState


def owed_reviews() -> list[Review]:
    """Every review that still waits for a signature, with its gate, in one query."""
    found = Review.objects.filter(gate__state=GateState.OPEN).select_related("gate")
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
    reviews = Q(review__isnull=False, state=GateState.OPEN)
    policy = Q(policy_proposal__state=ProposalState.PENDING, state=GateState.OPEN)
    found = Gate.objects.filter(stops | reviews | policy).select_related("stop", "review")
    return list(found.order_by("opened_at", "pk"))


def anything_urgent() -> Q:
    """Is a stop in force anywhere, or a review owed? Asked within another query, which it costs nothing."""
    stops = EmergencyStop.objects.filter(lifted_at=None)
    return Q(Exists(stops)) | Q(Exists(Review.objects.filter(gate__state=GateState.OPEN)))


def who_owes(reviews: Sequence[Review], beside: Gate | None = None) -> str:
    """Whose signatures are missing, as words for a sentence; people are read once for all of them.

    `beside` is a gate whose page has read its people already: they are not read again.
    """
    gates = list(read([review.gate for review in reviews]).values())
    standings([*gates, beside] if beside is not None and is_read(beside) else gates)
    return " and ".join(dict.fromkeys(blocker.who for gate in gates for blocker in missing(gate)))
