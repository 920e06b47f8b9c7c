"""The audit trail: every entry of the record, newest first, filtered; and whether the chain holds.

In: query parameters, which the address keeps. Out: desk/audit.html. Looking is an event too.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from accounts.entries import entries as readable
from accounts.models import User
from accounts.queries import PEOPLE, stream_called, stream_names
from accounts.services.access import looked
from approvals.pages import PolicyPage
from approvals.policy import Action
from desk.health import health
from events.models import Event

PAGE_SIZE = 50
FIELDS = ("stream", "kind", "person", "since", "until")
_PERSON = re.compile(rf"{PEOPLE}[0-9a-f-]*")
_FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")


class Audit(PolicyPage):
    """`/audit/`."""

    action = Action.READ_AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of entries, from the place that `after` names on."""
        asked = {name: _clean(request.GET, name) for name in FIELDS}
        found, faults = entries(asked)
        rows = list(from_place(found, request.GET.get("after", ""))[: PAGE_SIZE + 1])
        more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
        self._note(asked)
        keep = QueryDict(mutable=True)
        keep.update({name: value for name, value in asked.items() if value})
        context = {
            "entries": readable(rows),
            "filters": asked | {"stream": stream_names([asked["stream"]])[asked["stream"]]},
            "faults": faults,
            "filtered": any(asked.values()),
            "keep": keep.urlencode(),
            "next": place_of(rows[-1]) if more else "",
            "first": "after" not in request.GET,
            "health": health(),
        }
        return render(request, "desk/audit.html", context, status=400 if faults else 200)

    def _note(self, asked: dict[str, str]) -> None:
        """On the record, with people by id: a searched name would be a name in the record."""
        shown = {name: value for name, value in asked.items() if value and name != "person"}
        if asked["stream"].startswith(PEOPLE):
            called = stream_called(asked["stream"])
            shown["stream"] = called if _PERSON.fullmatch(called) else f"{PEOPLE}(nobody)"
        if asked["person"]:
            user = _user(asked["person"])
            shown["person"] = user.actor_id if user else "nobody"
        looked(self.actor, "audit.searched", **shown)


def entries(asked: dict[str, str]) -> tuple[QuerySet[Event], dict[str, str]]:
    """Entries that the filters leave, newest first, and what is wrong with a filter, by its name."""
    rows, faults = Event.objects.order_by("-at", "-id"), {}
    if asked["stream"]:
        rows = rows.filter(stream__startswith=stream_called(asked["stream"]))
    if asked["kind"]:
        rows = rows.filter(kind__startswith=asked["kind"])
    if asked["person"]:
        user = _user(asked["person"])
        rows = rows.filter(actor=user.actor_id if user else asked["person"])
    for name in ("since", "until"):
        moment = _moment(asked[name])
        if asked[name] and moment is None:
            faults[name] = "A date, or date and time, in UTC: 2026-11-24 18:30."
            rows = rows.none()
        elif moment is not None:
            whole_day = timedelta(days=1) if name == "until" and len(asked[name]) == 10 else timedelta()
            rows = rows.filter(at__gte=moment) if name == "since" else rows.filter(at__lt=moment + whole_day)
    return rows, faults


def from_place(rows: QuerySet[Event], after: str) -> QuerySet[Event]:
    """The entries below a place that `place_of` gave; a place that is none is the beginning."""
    try:
        text, number = base64.urlsafe_b64decode(after.encode()).decode().split(" ")
        at, pk = datetime.fromisoformat(text), int(number)
    except (ValueError, binascii.Error):
        return rows
    return rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(id__lt=pk))


def place_of(event: Event) -> str:
    """Where a page ends: moment and number of its last entry, so that new entries shift nothing."""
    return base64.urlsafe_b64encode(f"{event.at.isoformat()} {event.pk}".encode()).decode()


def _clean(asked: QueryDict, name: str) -> str:
    return asked.get(name, "").replace("\x00", "").strip()[:200]


def _user(name: str) -> User | None:
    return User.objects.filter(username__iexact=name.removeprefix("@")).first()


def _moment(text: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=ZoneInfo("UTC")).astimezone(UTC)
        except ValueError:
            continue
    return None
