"""`legal-holds/`: what must be kept although its six years are over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import labels
from approvals.policy import Action
from desk.services import held_stream
from events import holds
from events.models import LegalHold
from rest import pagination
from rest.schema import operation
from rest.strict import Strict, Text, body_of, query_of
from rest.views import Endpoint

HOLD = {
    "id": 3,
    "stream": "release/2026.11.0",
    "reason": "Court file 7",
    "placed_at": "2026-11-24T09:12:00Z",
    "by": "sasha",
    "lifted_at": None,
    "lifted_reason": "",
}


class HoldShape(Strict):
    """What is held and why."""

    stream = Text(required=False, allow_blank=True, max_length=200, help_text="Empty: the whole record.")
    reason = Text(max_length=2_000, lines=True, help_text="Why.")


class LiftShape(Strict):
    """Why it is lifted."""

    reason = Text(max_length=2_000, lines=True, help_text="Why.")


class HoldGiven(Strict):
    """A legal hold; it stands until it is lifted."""

    id = serializers.IntegerField()
    stream = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    placed_at = serializers.DateTimeField()
    by = serializers.CharField()
    lifted_at = serializers.DateTimeField(allow_null=True)
    lifted_reason = serializers.CharField(allow_blank=True)


HoldPage = pagination.page_shape("HoldPage", HoldGiven)


class Holds(Endpoint):
    """`/api/v1/legal-holds/`."""

    policy_actions: ClassVar = {"GET": Action.READ_AUDIT, "POST": Action.MANAGE_HOLDS}

    @operation(
        "Record",
        "List legal holds",
        gives=HoldPage,
        answer={"next": None, "previous": None, "results": [HOLD]},
        parameters=[pagination.PageQuery],
        name="holds_list",
    )
    def get(self, request: Request) -> Response:
        """All of them, newest first."""
        query_of(request, pagination.PageQuery)
        return pagination.answer(request, LegalHold.objects.all(), ("-id",), _written)

    @operation(
        "Record",
        "Place a legal hold",
        takes=HoldShape,
        gives=HoldGiven,
        status=201,
        example={"stream": "release/2026.11.0", "reason": "Court file 7"},
        answer=HOLD,
        name="holds_place",
    )
    def post(self, request: Request) -> Response:
        """The hold as it stands."""
        asked = body_of(request, HoldShape)
        made = holds.place(self.actor.id, stream=held_stream(asked.get("stream", "")), reason=asked["reason"])
        return Response(_written([made])[0], status=201)


class LiftHold(Endpoint):
    """`/api/v1/legal-holds/{id}/lift/`."""

    policy_actions: ClassVar = {"POST": Action.MANAGE_HOLDS}

    @operation(
        "Record",
        "Lift a legal hold",
        takes=LiftShape,
        gives=HoldGiven,
        example={"reason": "The court has decided."},
        answer={**HOLD, "lifted_at": "2027-01-11T08:00:00Z", "lifted_reason": "The court has decided."},
        refuses=(404,),
        name="holds_lift",
    )
    def post(self, request: Request, id: int) -> Response:
        """The hold as it stands."""
        lifted = holds.lift(self.actor.id, id, reason=body_of(request, LiftShape)["reason"])
        return Response(_written([lifted])[0])


def _written(found: Sequence[LegalHold]) -> list[dict[str, Any]]:
    names = labels(hold.placed_by for hold in found)
    return [
        {
            "id": hold.pk,
            "stream": hold.stream,
            "reason": hold.reason,
            "placed_at": hold.placed_at,
            "by": names[hold.placed_by],
            "lifted_at": hold.lifted_at,
            "lifted_reason": hold.lifted_reason,
        }
        for hold in found
    ]
