"""Three acts of three people: signing, deciding, watching. A service token can do none of them."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import labels
from approvals.policy import Action
from releases.api import examples, gives, show, takes
from releases.services import deciding, signing, starting
from rest.schema import ONE_TIME_CODE, VERSION, operation
from rest.strict import Nothing, body_of, query_of
from rest.views import Endpoint


class SignOffs(Endpoint):
    """`…/sign-offs/`."""

    policy_actions: ClassVar = {"POST": Action.SIGN}

    @operation(
        "Sign-off",
        "Sign",
        description="One person, one role, one seal. An author signs nothing; a no_go stops the release.",
        takes=takes.SignShape,
        gives=gives.SignOffGiven,
        status=201,
        example=examples.SIGN,
        answer=examples.SIGNOFF,
        parameters=[VERSION, ONE_TIME_CODE],
        refuses=(404, 429),
        name="releases_sign",
    )
    def post(self, request: Request, version: str) -> Response:
        """The signature as it is stored."""
        given = signing.sign(version, actor=self.actor, **body_of(request, takes.SignShape))
        return Response(show.signoff(given), status=201)


class OneSignOff(Endpoint):
    """`…/sign-offs/{id}/`."""

    policy_actions: ClassVar = {"DELETE": Action.SIGN}

    @operation(
        "Sign-off",
        "Withdraw a signature",
        description="One's own, before the start; an approved release asks again.",
        writes=True,
        gives=gives.SignOffGiven,
        answer={**examples.SIGNOFF, "stands": False},
        parameters=[VERSION, takes.ReasonShape],
        refuses=(404,),
        name="releases_withdraw",
    )
    def delete(self, request: Request, version: str, pk: int) -> Response:
        """The signature, standing no more. Not every client sends a body with DELETE: the query does too."""
        read = query_of if request.query_params else body_of
        given = read(request, takes.ReasonShape)
        return Response(show.signoff(signing.withdraw(version, pk, actor=self.actor, **given)))


class Decision(Endpoint):
    """`…/decision/`."""

    policy_actions: ClassVar = {"POST": Action.DECIDE}
    kept_together = False

    @operation(
        "Sign-off",
        "Decide go, no-go or postpone",
        description="Another act than signing. A go is for one window; a moved window asks it again.",
        takes=takes.DecideShape,
        gives=gives.DecisionGiven,
        status=201,
        example=examples.DECIDE,
        answer=examples.DECISION,
        parameters=[VERSION, ONE_TIME_CODE],
        refuses=(404, 429),
        name="releases_decide",
    )
    def post(self, request: Request, version: str) -> Response:
        """The decision as it is stored."""
        given = deciding.decide(version, actor=self.actor, **body_of(request, takes.DecideShape))
        return Response(show.decided(given), status=201)


class Watching(Endpoint):
    """`…/watching/`."""

    policy_actions: ClassVar = {"POST": Action.WATCH}

    @operation(
        "Sign-off",
        "Say: I am watching",
        description="Good for thirty minutes; a plan that starts by itself needs it.",
        takes=Nothing,
        gives=gives.WatchingGiven,
        status=201,
        answer={"by": "devon", "at": "2026-11-24T20:55:00Z"},
        parameters=[VERSION],
        refuses=(404,),
        name="releases_watch",
    )
    def post(self, request: Request, version: str) -> Response:
        """Who watches since when."""
        body_of(request, Nothing)
        given = starting.watching(version, actor=self.actor)
        return Response({"by": labels([given.by])[given.by], "at": given.at}, status=201)
