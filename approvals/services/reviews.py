"""Signatures that are owed afterwards: open the gate `review`, remind, say when it is late.

A review knows the gate that passed with fewer signatures. It ends with its own signatures, or is void
when what it was about never ran. Called by `breaking`, by `releases.services.starting` and by its sweep.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction

from accounts import actors
from accounts.actors import Actor
from approvals.emergency_rules import REMINDERS, REVIEW_WITHIN
from approvals.models import Gate, Review, ReviewCause
from approvals.rules import Asked
from approvals.services.gates import open_gate, void
from approvals.services.locking import about
from approvals.states import GateState
from events import clock
from events.services import record

REMINDER = actors.system("reminder")
GATE = "review"


def open_review(
    *,
    of: Gate | None,
    cause: ReviewCause,
    label: str,
    stream: str,
    seal: str,
    asked: tuple[Asked, ...],
    barred: Mapping[str, str],
    actor: Actor,
    summary: Mapping[str, object],
    within: timedelta = REVIEW_WITHIN,
) -> Review:
    """Ask for what was passed over, due `within` that time, in the caller's transaction."""
    gate = open_gate(
        kind=GATE,
        label=label[:200],
        seal=seal,
        link="/emergency/",
        stream=stream,
        environment=of.environment if of else "",
        release_kind=of.release_kind if of else "",
        summary={**summary, "cause": cause.value, "within_seconds": within.total_seconds()},
        barred=barred,
        actor=actor,
        asked=asked,
        never_sign=of.never_sign if of else (),
    )
    return Review.objects.create(gate=gate, of=of, cause=cause.value, due_at=gate.opened_at + within)


def end_reviews_of(gate: Gate, *, reason: str, actor: Actor) -> None:
    """What these reviews would have been about never ran: they are void, in the caller's transaction."""
    for review in Review.objects.filter(of=gate, gate__state__in=[GateState.OPEN, GateState.SATISFIED]):
        void(review.gate_id, reason=reason, actor=actor)


def remind() -> int:
    """Record a reminder for each open review whose next time has come; returns how many. Called by a sweep.

    Each is an event (`review.reminder`, and from its due time on `review.late`); notifications tells it,
    with each level to more people. Missed levels are not told one by one: the highest that is due is.
    """
    made = 0
    for pk in Review.objects.filter(gate__state=GateState.OPEN).values_list("pk", flat=True):
        with transaction.atomic():
            review = Review.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            made += int(review is not None and _remind(review))
    return made


def _remind(review: Review) -> bool:
    gate = review.gate
    left = review.due_at - clock.now()
    due = sum(left <= mark for mark in REMINDERS)
    if due <= review.level or gate.status != GateState.OPEN:
        return False
    review.level = due
    review.save(update_fields=("level",))
    late = left <= timedelta(0)
    record(
        gate.stream,
        "review.late" if late else "review.reminder",
        REMINDER.id,
        after={"level": due, "due_at": review.due_at.isoformat(), "late": late},
        data=about(gate) | {"cause": review.cause},
    )
    return True
