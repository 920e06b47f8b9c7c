"""A small endpoint that really writes: it records one event a call. The tests of `rest` call it."""

from __future__ import annotations

import threading
from typing import ClassVar

from django.db import transaction
from django.urls import include, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.policy import Action
from events.errors import Blocked, Blocker
from events.models import Event
from events.services import record
from hmhp_portal.api import urls as api
from rest import entity_tags, pagination
from rest.schema import IF_MATCH, QUERY, reading
from rest.strict import Flag, Moment, Strict, Text, TextMap, body_of, query_of
from rest.views import Endpoint

hold = threading.Event()
inside = threading.Event()


class Inner(Strict):
    depth = serializers.IntegerField(min_value=0, max_value=9)


class Note(Strict):
    text = Text(max_length=20)
    notes = Text(lines=True, required=False, max_length=100)
    loud = Flag(required=False)
    at = Moment(required=False)
    names = TextMap(required=False)
    inner = Inner(required=False)
    many = Inner(many=True, required=False)


class Notes(Endpoint):
    policy_actions: ClassVar = {"GET": Action.READ_RELEASES, "POST": Action.CREATE_RELEASE}

    @reading(QUERY)
    def get(self, request: Request) -> Response:
        query_of(request, pagination.PageQuery)
        rows = Event.objects.filter(stream="probe/1")
        return pagination.answer(request, rows, ("seq",), lambda found: [{"seq": e.seq} for e in found])

    def post(self, request: Request) -> Response:
        given = body_of(request, Note)
        if given["text"] == "wait":
            inside.set()
            assert hold.wait(10)
        with transaction.atomic():
            record("probe/1", "probe.noted", self.actor.id)
        if given["text"] == "blocked":
            raise Blocked("No.", blockers=[Blocker("bell", "The bell is missing.", "a QA Lead")])
        if given["text"] == "broken":
            raise ZeroDivisionError("secret inside")
        return Response({"text": given["text"]}, status=201, headers={"Location": "/here/"})


class Apart(Notes):
    kept_together = False


class Tagged(Endpoint):
    policy_actions: ClassVar = {"GET": Action.READ_RELEASES, "PATCH": Action.EDIT_CONTENT}

    def get(self, request: Request) -> Response:
        return entity_tags.answer(request, {"a": 1}, '"3-17"')

    @reading(IF_MATCH.name)
    def patch(self, request: Request) -> Response:
        return Response({"read": entity_tags.if_match(request)})


urlpatterns = [
    path("api/v1/notes/", Notes.as_view()),
    path("api/v1/apart/", Apart.as_view()),
    path("api/v1/tagged/", Tagged.as_view()),
    path("api/v1/", include(api)),
]
