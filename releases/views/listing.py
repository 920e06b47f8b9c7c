"""The list of releases: filter, sort, pages; the address keeps all of it.

In: query parameters. Out: releases/list.html. A parameter that means nothing is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from approvals.acts import Act, refusal
from approvals.long_lists import LongList, page_of
from approvals.pages import PolicyPage
from approvals.policy import Action
from releases import queries
from releases.models import Component, Release
from releases.states import Kind, ReleaseState

PAGE_SIZE = 25
FILTERS = {"q": "text", "state": "state", "kind": "kind", "service": "component", "person": "person"}
"""Names in the address, and what `queries.listed_by` calls them."""
SORTS = {"version": "version", "state": "state", "window": "window_start", "changed": "changed_at"}
COLUMNS = (
    ("version", "Release"),
    ("", "Title and authors"),
    ("", "Stage"),
    ("state", "State"),
    ("window", "Window, UTC"),
    ("changed", "Changed"),
)
STATE_WORDS = {
    ReleaseState.DRAFT: "Preparing",
    ReleaseState.STAGING: "In staging, running",
    ReleaseState.VALIDATING: "In staging, validating",
    ReleaseState.REVIEW: "Sign-off",
    ReleaseState.APPROVED: "Approved or scheduled",
    ReleaseState.MONITORING: "Heightened monitoring",
    ReleaseState.COMPLETED: "Done",
    ReleaseState.REJECTED: "No-go",
    ReleaseState.SUPERSEDED: "Replaced",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table: its label, and where it sorts, the query and the present order."""

    label: str
    url: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Select:
    """One filter with its choices."""

    name: str
    label: str
    value: str
    choices: list[tuple[str, str]]


class ReleaseList(PolicyPage):
    """`/releases/`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The filtered, sorted page of releases."""
        asked = request.GET
        page, rows = self._page(asked)
        filtered = any(asked.get(name) for name in FILTERS)
        empty_portal = rows.count == 0 and not filtered
        keep = asked.copy()
        keep.pop("page", None)
        context: dict[str, Any] = {
            "page": page,
            "rows": rows,
            "filters": {name: asked.get(name, "")[:100] for name in ("q", "person", "sort")},
            "filtered": filtered,
            "selects": _selects(asked),
            "columns": _columns(asked),
            "keep": keep.urlencode(),
            "empty_portal": empty_portal,
            "sentence": _sentence(rows, filtered),
            "new_act": self._new("new"),
            "new_act_empty": self._new("new-empty"),
            "docs_url": "/api/v1/docs/",
        }
        return render(request, "releases/list.html", context)

    def _page(self, asked: QueryDict) -> tuple[Page[Release], LongList]:
        found = queries.listed_by({known: asked.get(name, "") for name, known in FILTERS.items()})
        found = found.defer("content", "first_request", "plan").prefetch_related("authors__user")
        order = asked.get("sort", "")
        column = SORTS.get(order.removeprefix("-"), "")
        if column:
            direction = "-" if order.startswith("-") else ""
            found = found.order_by(f"{direction}{column}", "-id")
        return page_of(found, PAGE_SIZE, asked.get("page"))

    def _new(self, name: str) -> Act:
        return Act(
            name,
            "New release",
            reverse("releases:new"),
            icon="plus",
            kind="primary" if name == "new-empty" else "",
            asks=True,
            refused=refusal(self.actor, Action.CREATE_RELEASE),
        )


def _selects(asked: QueryDict) -> list[Select]:
    states = [(state.value, STATE_WORDS.get(state, state.label)) for state in ReleaseState]
    services = [(name, name) for name in Component.objects.values_list("name", flat=True)]
    return [
        Select("state", "State", asked.get("state", ""), states),
        Select("kind", "Kind", asked.get("kind", ""), [(kind.value, kind.label) for kind in Kind]),
        Select("service", "Brings", asked.get("service", ""), services),
    ]


def _columns(asked: QueryDict) -> list[Column]:
    now = asked.get("sort", "")
    columns = []
    for name, label in COLUMNS:
        query = asked.copy()
        query.pop("page", None)
        query["sort"] = name if now == f"-{name}" else f"-{name}"
        order = {name: "ascending", f"-{name}": "descending"}.get(now, "") if name else ""
        columns.append(Column(label, query.urlencode() if name else "", order))
    return columns


def _sentence(rows: LongList, filtered: bool) -> str:
    if rows.count == 1:
        return "One release matches." if filtered else "There is one release."
    if rows.count == 0:
        return "No releases match." if filtered else "No releases yet."
    number = rows.counted[0].upper() + rows.counted[1:]
    return f"{number} releases match." if filtered else f"There are {rows.counted} releases."
