"""`events/`: what happened in one stream, with the names of who acted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import labels
from accounts.services.access import looked
from approvals.policy import Action, require
from events.models import Event
from events.names import readable
from rest import pagination
from rest.schema import operation
from rest.strict import Strict, Text, query_of
from rest.views import Endpoint

OPEN_STREAMS = ("release/", "environment/", "freeze/")
"""What everybody reads who may read events at all; other streams are the audit trail's."""

EXAMPLE = {
    "stream": "release/2026.11.0",
    "seq": 1,
    "kind": "release.created",
    "actor": "service:0f7c5a46-6f0d-4b43-9d64-1d1f4c2d1b6e",
    "by": "ci",
    "at": "2026-11-23T14:02:11Z",
    "reason": "",
    "before": None,
    "after": {"state": "draft"},
    "data": {},
    "hash": "b0a4" + "0" * 60,
    "previous_hash": "0" * 64,
}


class EventsQuery(pagination.PageQuery):
    """Which stream."""

    stream = Text(max_length=200, help_text="release/{version}, environment/{name}, freeze/{id} or platform.")
    kind = Text(required=False, max_length=80, help_text="Only this kind: signoff.given.")


class EventGiven(Strict):
    """One thing that happened. `hash` chains it to the one before."""

    stream = serializers.CharField()
    seq = serializers.IntegerField()
    kind = serializers.CharField()
    actor = serializers.CharField(help_text="Opaque id.")
    by = serializers.CharField(help_text="Who that is.")
    at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    data = serializers.DictField()  # type: ignore[assignment]
    hash = serializers.CharField()
    previous_hash = serializers.CharField()


EventPage = pagination.page_shape("EventPage", EventGiven)


class Events(Endpoint):
    """`/api/v1/events/?stream=release/2026.11.0`."""

    policy_actions: ClassVar = {"GET": Action.READ_EVENTS}

    @operation(
        "Record",
        "Read what happened",
        description="Oldest first, page by page. Other streams need the right to read the audit trail.",
        gives=EventPage,
        answer={"next": None, "previous": None, "results": [EXAMPLE]},
        parameters=[EventsQuery],
        name="events_list",
    )
    def get(self, request: Request) -> Response:
        """The events of one stream."""
        asked = query_of(request, EventsQuery)
        if not asked["stream"].startswith(OPEN_STREAMS):
            require(self.actor, Action.READ_AUDIT)
            looked(self.actor, "audit.searched", stream=asked["stream"])
        found = Event.objects.filter(stream=asked["stream"])
        if "kind" in asked:
            found = found.filter(kind=asked["kind"])
        return pagination.answer(request, found, ("seq",), _written)


def _written(events: Sequence[Event]) -> list[dict[str, Any]]:
    names = labels(event.actor for event in events)
    return [
        {
            "stream": event.stream,
            "seq": event.seq,
            "kind": event.kind,
            "actor": event.actor,
            "by": names[event.actor],
            "at": event.at,
            "reason": event.reason,
            "before": event.before,
            "after": event.after,
            "data": event.data,
            "hash": event.hash,
            "previous_hash": event.previous_hash,
        }
        for event in readable(events)
    ]
