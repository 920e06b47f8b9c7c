"""Signatures that are owed afterwards: open the gate `review`, remind, say when it is late and what follows.

A review knows the gate that passed with fewer signatures. It ends with its own signatures, or is void when
what it was about never ran. One that said no-go is owed until somebody has named what follows. Called by
`breaking`, by `releases.services` (starting, lessons) and by its sweep.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts import actors
from accounts.actors import Actor
from accounts.services.factors import demand_fresh
from approvals.emergency_rules import REMINDERS, REVIEW_WITHIN
from approvals.errors import GateNotFound, MayNotSign, NothingOwed
from approvals.models import Gate, Review, ReviewCause, SignedAct
from approvals.policy import TABLE, Action, require, who_may
from approvals.rules import Asked
from approvals.services.emergency_signatures import FOLLOW_UP, keep_emergency
from approvals.services.gates import open_gate, void
from approvals.services.locking import about
from approvals.states import LIVE, GateState
from events import clock
from events.errors import Invalid
from events.services import record

REMINDER = actors.system("reminder")
GATE = "review"
TEXT_LIMIT = 10_000


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
    for review in Review.objects.filter(of=gate, gate__state__in=LIVE):
        void(review.gate_id, reason=reason, actor=actor)
    answer_by(Review.objects.filter(of=gate), reason, actor)


@transaction.atomic
def follow_up(review_id: int, *, actor: Actor, text: str) -> Review:
    """Say what follows a review that said no-go; it blocks no longer. Signed, with a fresh factor.

    Raises NotAllowed, GateNotFound, Invalid (nothing said), NothingOwed, MayNotSign (who is barred from the
    review itself), and last what `demand_fresh` raises.
    """
    require(actor, Action.FOLLOW_REVIEW)
    said = text.strip()
    if not said or len(said) > TEXT_LIMIT:
        sentence = "Say what follows, and by whom it is done." if not said else "Link to longer texts."
        raise Invalid(sentence, fields={"follow_up": [sentence]})
    review = (
        Review.objects.select_for_update(of=("self",)).select_related("gate").filter(pk=review_id).first()
    )
    if review is None:
        raise GateNotFound("There is no such review.")
    if not review.is_vetoed:
        raise NothingOwed(f"{review.gate.label} waits for nothing to follow.")
    if actor.id in review.gate.barred:
        raise MayNotSign(
            f"{actor.label} may not name what follows {review.gate.label}: {review.gate.barred[actor.id]} "
            f"{who_may(Action.FOLLOW_REVIEW)} who did not can."
        )
    factors = demand_fresh(actor, f"name what follows {review.gate.label}")
    signed = keep_emergency(
        FOLLOW_UP, actor=actor, role=min(actor.roles & TABLE[Action.FOLLOW_REVIEW].roles), reason=said,
        at=clock.now(), stream=review.gate.stream, factors=factors, gate=review.gate, seal=review.gate.seal,
    )  # fmt: skip
    _answer(review, said, actor, signed)
    return review


def answer_by(found: QuerySet[Review], text: str, actor: Actor) -> None:
    """Something else answers these reviews where they said no-go: lessons, or that it never ran."""
    vetoed = found.filter(gate__state=GateState.REJECTED, follow_up="").select_related("gate")
    for review in vetoed.select_for_update(of=("self",)):
        _answer(review, text, actor)


def _answer(review: Review, text: str, actor: Actor, signed: SignedAct | None = None) -> None:
    review.follow_up, review.follow_up_act = text, signed
    review.save(update_fields=("follow_up", "follow_up_act"))
    proof = {"signature": signed.signature, "key": signed.key_id} if signed is not None else {}
    record(
        review.gate.stream,
        "review.followed_up",
        actor.id,
        before={"follow_up": ""},
        after={"follow_up": text},
        data=about(review.gate) | {"cause": review.cause, **proof},
    )


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
