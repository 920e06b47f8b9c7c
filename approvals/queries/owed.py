"""Reviews that are owed, the most urgent first; who can still give what is missing."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, Q

from approvals.models import EmergencyStop, Gate, Review
from approvals.queries.standing import missing
from approvals.states import GateState


def owed_reviews() -> list[Review]:
    """Every review that still waits for a signature, with its gate, in one query."""
    found = Review.objects.filter(gate__state=GateState.OPEN).select_related("gate")
    return list(found.order_by("due_at", "id"))


def stop_and_reviews(environment: str) -> tuple[EmergencyStop | None, list[Review]]:
    """The oldest stop that holds this environment, and every review that is owed, in one query together."""
    holds = Q(stop__isnull=False, stop__lifted_at=None, stop__environment__in=("", environment))
    owed = Q(review__isnull=False, state=GateState.OPEN)
    found = list(Gate.objects.filter(holds | owed).select_related("stop", "review"))
    stops = sorted((g.stop for g in found if hasattr(g, "stop")), key=lambda stop: (stop.at, stop.pk))
    reviews = sorted((g.review for g in found if hasattr(g, "review")), key=lambda r: (r.due_at, r.pk))
    return (stops[0] if stops else None), reviews


def anything_urgent() -> Q:
    """Is a stop in force anywhere, or a review owed? Asked within another query, which it costs nothing."""
    stops = EmergencyStop.objects.filter(lifted_at=None)
    return Q(Exists(stops)) | Q(Exists(Review.objects.filter(gate__state=GateState.OPEN)))


def who_owes(review: Review) -> str:
    """Whose signatures are missing, as words for a sentence."""
    return " and ".join(dict.fromkeys(blocker.who for blocker in missing(review.gate)))


def is_late(review: Review, now: datetime) -> bool:
    """True from its due time on."""
    return review.due_at <= now
