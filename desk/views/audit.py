"""The audit trail: every entry of the record, newest first, filtered by stream, kind and person.

In: query parameters. Out: desk/audit.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from accounts.models import User
from accounts.queries import labels
from approvals.pages import PolicyPage
from approvals.policy import Action
from events.models import Event

PAGE_SIZE = 50
if TYPE_CHECKING:
    Entries = Paginator[Event]
else:
    Entries = Paginator  # Django 5.2 knows no type arguments at run time
FIELDS = ("stream", "kind", "person")


class LongList(Entries):
    """Counts no further than it must: a record of a hundred thousand entries is not counted per page."""

    MOST = 10_000

    @property
    def count(self) -> int:
        """Entries found, up to `MOST`."""
        rows: Any = self.object_list
        return int(rows.order_by()[: self.MOST].count())


class Audit(PolicyPage):
    """`/audit/`."""

    action = Action.READ_AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of entries."""
        asked = request.GET
        page = LongList(found(asked), PAGE_SIZE).get_page(asked.get("page"))
        keep = asked.copy()
        keep.pop("page", None)
        context = {
            "page": page,
            "people": labels(event.actor for event in page.object_list),
            "filters": {name: asked.get(name, "")[:100] for name in FIELDS},
            "filtered": any(asked.get(name) for name in FIELDS),
            "keep": keep.urlencode(),
            "most": LongList.MOST,
        }
        return render(request, "desk/audit.html", context)


def found(asked: QueryDict) -> QuerySet[Event]:
    """Entries that the filters leave, newest first."""
    rows = Event.objects.order_by("-at", "-id")
    stream, kind, person = (asked.get(name, "").replace("\x00", "").strip()[:200] for name in FIELDS)
    if stream:
        rows = rows.filter(stream__startswith=stream)
    if kind:
        rows = rows.filter(kind__startswith=kind)
    if person:
        user = User.objects.filter(username__iexact=person.removeprefix("@")).first()
        rows = rows.filter(actor=user.actor_id if user else person)
    return rows
