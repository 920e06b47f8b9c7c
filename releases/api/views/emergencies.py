"""Emergency stops, broken glass, overridden freezes, and the reviews that are owed for them."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from approvals.errors import GateNotFound
from approvals.models import EmergencyStop, Review
from approvals.policy import Action
from approvals.services import reviews, signing
from approvals.services import stopping as stops
from approvals.states import GateState
from deployments.services import stopping
from events import clock
from releases.api import emergency_shapes as shapes
from releases.api import examples, gives, show, takes
from releases.services import emergency, overriding
from rest import pagination
from rest.schema import VERSION, operation
from rest.strict import Nothing, body_of, query_of
from rest.views import Endpoint


class Stops(Endpoint):
    """`/api/v1/emergency-stops/`."""

    policy_actions: ClassVar = {"GET": Action.READ_DEPLOYMENTS, "POST": Action.STOP}
    kept_together = False

    @operation(
        "Emergencies",
        "List emergency stops",
        description="Newest first, those in force and those lifted.",
        gives=shapes.StopPage,
        answer={"next": None, "previous": None, "results": [shapes.STOP_GIVEN]},
        parameters=[pagination.PageQuery],
        name="emergency_stops_list",
    )
    def get(self, request: Request) -> Response:
        """The stops, newest first."""
        query_of(request, pagination.PageQuery)
        found = EmergencyStop.objects.select_related("gate")
        return pagination.answer(request, found, ("-id",), lambda rows: shapes.stops(list(rows)))

    @operation(
        "Emergencies",
        "Stop everything",
        description=(
            "At once, without a signature: no run moves forward and none starts, everywhere or in one "
            "environment. Limits stay watched and every way back stays open."
        ),
        takes=shapes.StopShape,
        gives=shapes.StopMade,
        status=201,
        example={"reason": "Patients see each other's notes."},
        answer=shapes.STOP_MADE,
        refuses=(404,),
        name="emergency_stops_make",
    )
    def post(self, request: Request) -> Response:
        """The stop in force and the runs that it holds."""
        made = stopping.stop(actor=self.actor, **body_of(request, shapes.StopShape))
        return Response({**shapes.stops([made.stop])[0], "runs": list(made.runs)}, status=201)


class SignStop(Endpoint):
    """`/api/v1/emergency-stops/{id}/sign-offs/`."""

    policy_actions: ClassVar = {"POST": Action.SIGN}

    @operation(
        "Emergencies",
        "Sign that a stop may be lifted",
        description="One of the roles that the policy names for `stop_lift`. Signing lifts nothing yet.",
        takes=takes.SignShape,
        gives=gives.SignOffGiven,
        status=201,
        example=examples.SIGN,
        answer=examples.SIGNOFF,
        refuses=(404,),
        name="emergency_stops_sign",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The signature as it is stored."""
        return _signed(self, request, stops.find(pk).gate_id)


class LiftStop(Endpoint):
    """`/api/v1/emergency-stops/{id}/lift/`."""

    policy_actions: ClassVar = {"POST": Action.LIFT_STOP}
    kept_together = False

    @operation(
        "Emergencies",
        "Lift a stop",
        description=(
            "Once its gate is signed; every signer is judged again. Held runs go on. By token it needs a "
            "fresh one-time code in the header `Portal-One-Time-Code`."
        ),
        takes=takes.ReasonShape,
        gives=shapes.StopGiven,
        example={"reason": "It was one browser's cache."},
        answer={
            **shapes.STOP_GIVEN,
            "in_force": False,
            "lifted_at": "2026-11-24T22:02:00Z",
            "lifted_by": "devon",
            "lifted_reason": "It was one browser's cache.",
        },
        refuses=(404,),
        name="emergency_stops_lift",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The lifted stop."""
        stopping.lift(pk, actor=self.actor, **body_of(request, takes.ReasonShape))
        return Response(shapes.stops([stops.find(pk)])[0])


class AskStopAgain(Endpoint):
    """`/api/v1/emergency-stops/{id}/ask-again/`."""

    policy_actions: ClassVar = {"POST": Action.LIFT_STOP}

    @operation(
        "Emergencies",
        "Ask again whether a stop may be lifted",
        description="After somebody signed no-go; the earlier round is kept.",
        takes=Nothing,
        gives=shapes.StopGiven,
        answer=shapes.STOP_GIVEN,
        refuses=(404,),
        name="emergency_stops_ask_again",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The stop with its new gate."""
        body_of(request, Nothing)
        stops.ask_again(pk, actor=self.actor)
        return Response(shapes.stops([stops.find(pk)])[0])


class Reviews(Endpoint):
    """`/api/v1/reviews/`."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES}

    @operation(
        "Emergencies",
        "List reviews that are owed",
        description="For broken glass, expedited releases and late entries. A late one blocks.",
        gives=shapes.ReviewPage,
        answer={"next": None, "previous": None, "results": [shapes.REVIEW_GIVEN]},
        parameters=[pagination.PageQuery],
        name="reviews_list",
    )
    def get(self, request: Request) -> Response:
        """Newest first."""
        query_of(request, pagination.PageQuery)
        return pagination.answer(request, Review.objects.select_related("gate"), ("-id",), _reviews)


class SignReview(Endpoint):
    """`/api/v1/reviews/{id}/sign-offs/`."""

    policy_actions: ClassVar = {"POST": Action.SIGN}

    @operation(
        "Emergencies",
        "Sign a review",
        description="By one of the roles that were passed over; never by whoever broke the glass.",
        takes=takes.SignShape,
        gives=gives.SignOffGiven,
        status=201,
        example=examples.SIGN,
        answer=examples.SIGNOFF,
        refuses=(404,),
        name="reviews_sign",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The signature as it is stored."""
        gate = Review.objects.filter(pk=pk).values_list("gate_id", flat=True).first()
        return _signed(self, request, gate)


class FollowReview(Endpoint):
    """`/api/v1/reviews/{id}/follow-up/`."""

    policy_actions: ClassVar = {"POST": Action.FOLLOW_REVIEW}

    @operation(
        "Emergencies",
        "Name what follows a review that said no-go",
        description=(
            "Until then it blocks the next ordinary release. Never by whoever broke the glass. By token it "
            "needs a fresh one-time code in the header `Portal-One-Time-Code`."
        ),
        takes=shapes.FollowShape,
        gives=shapes.ReviewGiven,
        status=201,
        example=shapes.FOLLOW,
        answer={**shapes.REVIEW_GIVEN, **shapes.FOLLOW},
        refuses=(404,),
        name="reviews_follow_up",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The review, which blocks no longer."""
        text = body_of(request, shapes.FollowShape)["follow_up"]
        return Response(_reviews([reviews.follow_up(pk, actor=self.actor, text=text)])[0], status=201)


class BreakGlass(Endpoint):
    """`…/break-glass/`."""

    policy_actions: ClassVar = {"POST": Action.BREAK_GLASS}

    @operation(
        "Emergencies",
        "Break the glass for a release",
        description="One signature is enough from now on; everybody passed over reviews it within 48 hours.",
        takes=shapes.BreakShape,
        gives=shapes.BrokenGiven,
        status=201,
        example=shapes.BREAK,
        answer=shapes.BROKEN,
        parameters=[VERSION],
        refuses=(404,),
        name="releases_break_glass",
    )
    def post(self, request: Request, version: str) -> Response:
        """What was recorded."""
        made = emergency.break_glass(version, actor=self.actor, **body_of(request, shapes.BreakShape))
        return Response(shapes.broken(made), status=201)


class FreezeOverrides(Endpoint):
    """`…/freeze-overrides/`."""

    policy_actions: ClassVar = {"POST": Action.OVERRIDE_FREEZE}

    @operation(
        "Emergencies",
        "Let a release through named freezes",
        description="Each freeze in the way by its id, for this seal and the spans that meet the window.",
        takes=shapes.OverrideShape,
        gives=shapes.OverridesGiven,
        status=201,
        example=shapes.OVERRIDE,
        answer=shapes.OVERRIDDEN,
        parameters=[VERSION],
        refuses=(404,),
        name="releases_override_freezes",
    )
    def post(self, request: Request, version: str) -> Response:
        """Every freeze that it passes now."""
        made = overriding.override(version, actor=self.actor, **body_of(request, shapes.OverrideShape))
        return Response(shapes.overrides(made), status=201)


class LateEntries(Endpoint):
    """`/api/v1/late-entries/`."""

    policy_actions: ClassVar = {"POST": Action.RECORD_LATE}

    @operation(
        "Emergencies",
        "Record afterwards what was done past the portal",
        description="With its true time and a late mark. It starts nothing; its review is owed.",
        takes=shapes.LateShape,
        gives=shapes.BrokenGiven,
        status=201,
        example=shapes.LATE,
        answer={**shapes.BROKEN, "reason": shapes.LATE["reason"], "late_entry": True},
        refuses=(404,),
        name="late_entries_add",
    )
    def post(self, request: Request) -> Response:
        """What was recorded."""
        given = body_of(request, shapes.LateShape)
        return Response(shapes.broken(emergency.record_late(actor=self.actor, **given)), status=201)


def _signed(view: Endpoint, request: Request, gate_id: int | None) -> Response:
    if gate_id is None:
        raise GateNotFound("There is no such gate.")
    given = {"remark": "", **body_of(request, takes.SignShape)}
    return Response(show.signoff(signing.sign(gate_id, actor=view.actor, **given)), status=201)


def _reviews(found: Any) -> list[dict[str, Any]]:
    now = clock.now()
    return [shapes.review(r, late=r.due_at <= now and r.gate.state == GateState.OPEN) for r in found]
