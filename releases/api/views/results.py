"""What people and pipelines found: checklist, validations, facts by hand, lessons."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import labels
from approvals.policy import Action
from releases import queries
from releases.api import examples, gives, show, takes
from releases.queries.items import item_standings
from releases.services import facts, items, lessons
from releases.states import ItemList
from rest.schema import VERSION, operation
from rest.strict import body_of
from rest.views import Endpoint


class _Result(Endpoint):
    """Common to both lists."""

    of: ClassVar[ItemList]

    def post(self, request: Request, version: str, name: str) -> Response:
        """Append a result; the newest counts."""
        given = body_of(request, takes.ResultShape)
        items.record_result(version, self.of, name, actor=self.actor, **given)
        return Response(self._line(version, name), status=201)

    def _line(self, version: str, name: str) -> dict[str, Any]:
        lines = item_standings(queries.get(version))
        found = next(line for line in lines if line.item.list == self.of and line.item.name == name)
        return show.item(found, labels([found.by]))


class Checklist(_Result):
    """`…/checklist/{name}/`."""

    policy_actions: ClassVar = {"POST": Action.RECORD_CHECKLIST}
    of = ItemList.CHECKLIST

    @operation(
        "Releases",
        "Record a checklist result",
        takes=takes.ResultShape,
        gives=gives.ItemGiven,
        status=201,
        example=examples.RESULT,
        answer=examples.ITEM,
        parameters=[VERSION],
        refuses=(404,),
        name="releases_checklist",
    )
    def post(self, request: Request, version: str, name: str) -> Response:
        """Append a result; the newest counts."""
        return super().post(request, version, name)


class Validations(_Result):
    """`…/validations/{name}/`."""

    policy_actions: ClassVar = {"POST": Action.RECORD_VALIDATION}
    of = ItemList.VALIDATION

    @operation(
        "Releases",
        "Record a staging validation",
        description="A failed one returns a release that is being validated to draft.",
        takes=takes.ResultShape,
        gives=gives.ItemGiven,
        status=201,
        example=examples.RESULT,
        answer=examples.ITEM,
        parameters=[VERSION],
        refuses=(404,),
        name="releases_validation",
    )
    def post(self, request: Request, version: str, name: str) -> Response:
        """Append a result; the newest counts."""
        return super().post(request, version, name)


class Facts(Endpoint):
    """`…/facts/{name}/`."""

    policy_actions: ClassVar = {"POST": Action.RECORD_FACT}

    @operation(
        "Releases",
        "Give a fact by hand",
        description="What nobody measures yet is said by a person, with a link, and grows old.",
        takes=takes.FactShape,
        gives=gives.FactGiven,
        status=201,
        example=examples.FACT,
        answer=examples.FACT_GIVEN,
        parameters=[VERSION],
        refuses=(404,),
        name="releases_fact",
    )
    def post(self, request: Request, version: str, name: str) -> Response:
        """Append a fact; the newest counts."""
        given = facts.record_fact(version, name, actor=self.actor, **body_of(request, takes.FactShape))
        return Response(show.fact(given, labels([given.by])), status=201)


class LessonsLearned(Endpoint):
    """`…/lessons/`."""

    policy_actions: ClassVar = {"POST": Action.RECORD_LESSONS}

    @operation(
        "Verbs",
        "Record cause and lessons of a rollback",
        description="Lifts the lock of the environment; `actions` become checklist items of the follow-up.",
        takes=takes.LessonsShape,
        gives=gives.LessonsGiven,
        status=201,
        example=examples.LESSONS,
        answer={**examples.LESSONS, "by": "rita", "at": "2026-11-25T09:30:00Z"},
        parameters=[VERSION],
        refuses=(404,),
        name="releases_lessons",
    )
    def post(self, request: Request, version: str) -> Response:
        """Append cause and lessons."""
        given = body_of(request, takes.LessonsShape)
        given.setdefault("actions", [])
        told = lessons.record(version, actor=self.actor, **given)
        return Response(show.lessons(told, labels([told.by])), status=201)
