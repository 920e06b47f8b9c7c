"""`deployments/` and `environments/`: read runs and what is live where; pause, resume, promote, abort."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.policy import Action
from deployments import queries
from deployments.api import examples, gives, show
from deployments.models import DeploymentRun
from deployments.services import steer
from rest import entity_tags, pagination
from rest.schema import IF_NONE_MATCH, operation
from rest.strict import body_of, query_of
from rest.views import Endpoint

AGES = frozenset({"age_seconds", "elapsed_seconds", "next_step_in_seconds"})


class Deployments(Endpoint):
    """`/api/v1/deployments/`."""

    policy_actions: ClassVar = {"GET": Action.READ_DEPLOYMENTS}

    @operation(
        "Deployments",
        "List deployments",
        description="Newest first, page by page.",
        gives=gives.RunPage,
        answer=examples.PAGE,
        parameters=[gives.ListQuery],
        name="deployments_list",
    )
    def get(self, request: Request) -> Response:
        """The runs, newest first."""
        asked = query_of(request, gives.ListQuery)
        found = DeploymentRun.objects.select_related("environment").defer("content", "plan")
        names = {"environment": "environment__name", "release": "subject", "state": "state"}
        wanted = {field: asked[name] for name, field in names.items() if name in asked}
        return pagination.answer(request, found.filter(**wanted), ("-queued_at", "-id"), show.rows)


class OneDeployment(Endpoint):
    """`/api/v1/deployments/{id}/`."""

    policy_actions: ClassVar = {"GET": Action.READ_DEPLOYMENTS}

    @operation(
        "Deployments",
        "Read a deployment",
        gives=gives.RunGiven,
        answer=examples.RUN,
        parameters=[IF_NONE_MATCH],
        refuses=(404,),
        name="deployments_read",
    )
    def get(self, request: Request, pk: int) -> Response:
        """The run, whole; its ETag changes with what is known, not with ages."""
        body = show.whole(queries.run(pk))
        return entity_tags.answer(request, body, entity_tags.tag_of(body, without=AGES))


class Progress(Endpoint):
    """`/api/v1/deployments/{id}/progress/?after=SEQ`."""

    policy_actions: ClassVar = {"GET": Action.READ_DEPLOYMENTS}

    @operation(
        "Deployments",
        "Follow a deployment",
        description="Every line after `after`, in order, none missing, none twice.",
        gives=gives.ProgressGiven,
        answer=examples.PROGRESS,
        parameters=[gives.ProgressQuery],
        refuses=(404,),
        name="deployments_progress",
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Lines after a position, in the text that the database wrote."""
        asked = query_of(request, gives.ProgressQuery)
        after, limit = asked.get("after", 0), asked.get("limit", gives.MOST_LINES)
        found = queries.follow(pk, after, limit)
        newest = found.lines[-1][0] if found.lines else min(after, found.head)
        text = queries.written(
            found.lines, seq=newest, more=found.head > newest, state=found.state, sentence=found.sentence
        )
        headers = {"Cache-Control": "private, no-cache"}
        return HttpResponse(text, content_type="application/json", headers=headers)


class _Steer(Endpoint):
    """Common to the four: a reason in, the run out. They work at once, so nothing may hold them back."""

    kept_together = False
    act: ClassVar[Callable[..., DeploymentRun]]

    def steered(self, request: Request, pk: int) -> Response:
        """The run after the act."""
        given = body_of(request, gives.SteerShape)
        type(self).act(pk, actor=self.actor, reason=given.get("reason", ""))
        return Response(show.whole(queries.run(pk)), headers={"Cache-Control": "private, no-cache"})


def _steering(
    summary: str, description: str, name: str
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    return operation(
        "Deployments",
        summary,
        description=description,
        takes=gives.SteerShape,
        gives=gives.RunGiven,
        example={"reason": "Support reports slow bookings."},
        answer=examples.RUN,
        refuses=(404,),
        name=name,
    )


class Pause(_Steer):
    """`…/pause/`."""

    policy_actions: ClassVar = {"POST": Action.PAUSE}
    act = staticmethod(steer.pause)

    @_steering(
        "Pause", "Holds forward moves; limits stay watched and the way back open.", "deployments_pause"
    )
    def post(self, request: Request, pk: int) -> Response:
        """Hold."""
        return self.steered(request, pk)


class Resume(_Steer):
    """`…/resume/`."""

    policy_actions: ClassVar = {"POST": Action.PAUSE}
    act = staticmethod(steer.resume)

    @_steering("Resume", "Goes on from where it stands.", "deployments_resume")
    def post(self, request: Request, pk: int) -> Response:
        """Go on."""
        return self.steered(request, pk)


class Promote(_Steer):
    """`…/promote/`."""

    policy_actions: ClassVar = {"POST": Action.PROMOTE}
    act = staticmethod(steer.promote)

    @_steering("Promote early", "Skips time, never a verdict.", "deployments_promote")
    def post(self, request: Request, pk: int) -> Response:
        """End the wait."""
        return self.steered(request, pk)


class Abort(_Steer):
    """`…/abort/`."""

    policy_actions: ClassVar = {"POST": Action.ABORT}
    act = staticmethod(steer.abort)

    @_steering(
        "Abort",
        "Before any weight it cancels; after that all traffic goes back at once.",
        "deployments_abort",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Stop, or go back."""
        return self.steered(request, pk)


class Environments(Endpoint):
    """`/api/v1/environments/`."""

    policy_actions: ClassVar = {"GET": Action.READ_DEPLOYMENTS}

    @operation(
        "Environments",
        "What is live where",
        description="The ladder, lowest first, with what was last seen in each region and when.",
        gives=gives.EnvironmentsGiven,
        answer=examples.ENVIRONMENTS,
        parameters=[IF_NONE_MATCH],
        name="environments_list",
    )
    def get(self, request: Request) -> Response:
        """Every environment."""
        body = {"results": show.ladder()}
        return entity_tags.answer(request, body, entity_tags.tag_of(body, without=AGES | {"seen_at"}))
