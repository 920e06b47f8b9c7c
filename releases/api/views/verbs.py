"""The verbs that move a release from draft to completed, and back."""

from __future__ import annotations

from typing import ClassVar

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.policy import Action
from releases.api import examples, gives, takes
from releases.api.whole import moved, started
from releases.errors import WrongReleaseState
from releases.services import (
    ask_again,
    cancel,
    follow_up,
    rebase,
    reopen,
    replan,
    rollback,
    stage,
    starting,
    submit,
)
from rest.schema import ETAG, VERSION, operation
from rest.strict import Nothing, body_of
from rest.views import Endpoint

PARAMETERS = (VERSION, ETAG)


class Stage(Endpoint):
    """`…/stage/`."""

    policy_actions: ClassVar = {"POST": Action.STAGE}

    @operation(
        "Verbs",
        "Deploy to staging",
        description=(
            "Queues a run and moves the release to staging. With an earlier environment the release stays "
            "a draft. `run` is the deployment to follow."
        ),
        takes=takes.StageShape,
        gives=gives.StartedGiven,
        status=202,
        example={"environment": "staging"},
        answer=examples.STARTED,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_stage",
    )
    def post(self, request: Request, version: str) -> Response:
        """Queue the run."""
        given = body_of(request, takes.StageShape)
        return started(version, stage.stage(version, actor=self.actor, **given))


class Submit(Endpoint):
    """`…/submit/`."""

    policy_actions: ClassVar = {"POST": Action.SUBMIT}

    @operation(
        "Verbs",
        "Submit for sign-off",
        description="Freezes the plan, seals it with the content, asks the roles. Names all that is missing.",
        takes=Nothing,
        gives=gives.ReleaseGiven,
        answer=examples.RELEASE,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_submit",
    )
    def post(self, request: Request, version: str) -> Response:
        """Move it to review."""
        body_of(request, Nothing)
        submit.submit(version, actor=self.actor)
        return moved(version)


class Deploy(Endpoint):
    """`…/deploy/`."""

    policy_actions: ClassVar = {"POST": Action.DEPLOY}
    kept_together = False

    @operation(
        "Verbs",
        "Start production",
        description="Inside the window; every signer and fact is judged again. Never by a service token.",
        takes=takes.DeployShape,
        gives=gives.StartedGiven,
        status=202,
        example={"seal": examples.SEAL},
        answer=examples.STARTED,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_deploy",
    )
    def post(self, request: Request, version: str) -> Response:
        """Queue the run."""
        given = body_of(request, takes.DeployShape)
        try:
            run = starting.deploy(version, actor=self.actor, **given)
        except WrongReleaseState:
            # Committed before its answer is kept: a process may have died in between.
            known = starting.repeated(version, given["seal"], self.actor)
            if known is None or "Idempotency-Key" not in request.headers:
                raise
            run = known
        return started(version, run)


class Rollback(Endpoint):
    """`…/rollback/`."""

    policy_actions: ClassVar = {"POST": Action.ABORT}
    kept_together = False

    @operation(
        "Verbs",
        "Roll back",
        description="All traffic goes back at once, until monitoring ends. One person suffices.",
        takes=takes.ReasonShape,
        gives=gives.StartedGiven,
        status=202,
        example={"reason": "Bookings fail for some clinics."},
        answer=examples.STARTED,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_rollback",
    )
    def post(self, request: Request, version: str) -> Response:
        """Send the traffic back."""
        given = body_of(request, takes.ReasonShape)
        return started(version, rollback.rollback(version, actor=self.actor, **given))


class Replan(Endpoint):
    """`…/replan/`."""

    policy_actions: ClassVar = {"POST": Action.REPLAN}

    @operation(
        "Verbs",
        "Freeze a new plan",
        description="After the platform file changed: new seal, new gate; staging stays proved.",
        takes=Nothing,
        gives=gives.ReleaseGiven,
        answer=examples.RELEASE,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_replan",
    )
    def post(self, request: Request, version: str) -> Response:
        """Freeze the plan of now."""
        body_of(request, Nothing)
        replan.replan(version, actor=self.actor)
        return moved(version)


class AskAgain(Endpoint):
    """`…/ask-again/`."""

    policy_actions: ClassVar = {"POST": Action.SUBMIT}

    @operation(
        "Verbs",
        "Ask for signatures again",
        description="After the gate expired, or under a newer approval policy: same seal, next round.",
        takes=Nothing,
        gives=gives.ReleaseGiven,
        answer=examples.RELEASE,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_ask_again",
    )
    def post(self, request: Request, version: str) -> Response:
        """Open the next round."""
        body_of(request, Nothing)
        ask_again.ask_again(version, actor=self.actor)
        return moved(version)


class Rebase(Endpoint):
    """`…/rebase/`."""

    policy_actions: ClassVar = {"POST": Action.REBASE}

    @operation(
        "Verbs",
        "Rebase on what production runs",
        description="What the release brings stays, the rest is copied again; a changed content is a draft.",
        takes=Nothing,
        gives=gives.ReleaseGiven,
        answer=examples.RELEASE,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_rebase",
    )
    def post(self, request: Request, version: str) -> Response:
        """Copy the base again."""
        body_of(request, Nothing)
        rebase.rebase(version, actor=self.actor)
        return moved(version)


class Cancel(Endpoint):
    """`…/cancel/`."""

    policy_actions: ClassVar = {"POST": Action.CANCEL}
    kept_together = False

    @operation(
        "Verbs",
        "Cancel a release",
        takes=takes.ReasonShape,
        gives=gives.ReleaseGiven,
        example={"reason": "Replaced by 2026.11.1."},
        answer=examples.RELEASE,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_cancel",
    )
    def post(self, request: Request, version: str) -> Response:
        """Give it up."""
        cancel.cancel(version, actor=self.actor, **body_of(request, takes.ReasonShape))
        return moved(version)


class Reopen(Endpoint):
    """`…/reopen/`."""

    policy_actions: ClassVar = {"POST": Action.REOPEN}

    @operation(
        "Verbs",
        "Reopen a rejected release",
        takes=takes.MayReasonShape,
        gives=gives.ReleaseGiven,
        example={"reason": "The load test is repeated."},
        answer=examples.RELEASE,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_reopen",
    )
    def post(self, request: Request, version: str) -> Response:
        """A draft again."""
        reopen.reopen(version, actor=self.actor, **body_of(request, takes.MayReasonShape))
        return moved(version)


class FollowUp(Endpoint):
    """`…/follow-up/`."""

    policy_actions: ClassVar = {"POST": Action.FOLLOW_UP}

    @operation(
        "Verbs",
        "Make a follow-up release",
        description="A new draft after an end; it carries the lessons as checklist items and links back.",
        takes=takes.FollowUpShape,
        gives=gives.ReleaseGiven,
        status=201,
        example={"new_version": "2026.11.1"},
        answer=examples.RELEASE,
        parameters=PARAMETERS,
        refuses=(404,),
        name="releases_follow_up",
    )
    def post(self, request: Request, version: str) -> Response:
        """The new draft."""
        given = body_of(request, takes.FollowUpShape)
        made = follow_up.follow_up(version, actor=self.actor, **given)
        return moved(made.version, status=201, location=reverse("api-release", args=[made.version]))
