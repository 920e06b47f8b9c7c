"""Results page by page: an opaque cursor that stays right while rows are added.

Settings name `CursorPage` as the API's paginator; views call `answer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.errors import Invalid
from rest.strict import FIRST_YEAR, LAST_YEAR, Strict, Text


class CursorPage(CursorPagination):
    """`?limit=` results from `?cursor=` on; the body holds `next`, `previous` and `results`."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"
    cursor_query_description = "Where to go on: taken from `next` or `previous` of the page before."
    page_size_query_description = "How many results a page holds, 1 to 200."

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """One page of rows; a cursor that is none is named, not a 404."""
        column = queryset.model._meta.get_field(self.ordering[0].lstrip("-"))
        self._is_position = _is_moment if isinstance(column, DateTimeField) else _is_number
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound:
            raise Invalid(
                "The cursor is not one that this list gave.",
                fields={"cursor": ["Take it from `next` or `previous` of the page before."]},
            ) from None

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor; one whose position the ordering column cannot hold is none that was given."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not self._is_position(str(cursor.position)):
            raise NotFound
        return cursor

    def get_page_size(self, request: Request) -> int:
        """The limit asked for; anything but 1 to 200 is refused rather than rounded."""
        text = request.query_params.get(self.page_size_query_param or "", str(self.page_size))
        if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= self.max_page_size):
            raise Invalid(
                f"limit must be a whole number from 1 to {self.max_page_size}.",
                fields={"limit": [f"A whole number from 1 to {self.max_page_size}."]},
            )
        return int(text)


def _is_moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.tzinfo is not None and FIRST_YEAR <= moment.year <= LAST_YEAR


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


@extend_schema_field(
    {"type": "integer", "minimum": 1, "maximum": CursorPage.max_page_size, "default": CursorPage.page_size}
)
class _Limit(serializers.CharField):
    """A number in the description; `CursorPage` reads it."""


class PageQuery(Strict):
    """What every list takes beside its filters."""

    cursor = Text(required=False, max_length=500, help_text=CursorPage.cursor_query_description)
    limit = _Limit(required=False, help_text=CursorPage.page_size_query_description)


def answer(
    request: Request,
    rows: QuerySet[Any],
    ordering: tuple[str, ...],
    show: Callable[[Sequence[Any]], list[Any]],
) -> Response:
    """One page of `rows` in `ordering`, as `show` writes them down."""
    pages = CursorPage()
    pages.ordering = ordering  # type: ignore[assignment]
    found = pages.paginate_queryset(rows, request)
    response: Response = pages.get_paginated_response(show(found or []))
    return response


def page_shape(name: str, row: type[Strict]) -> type[Strict]:
    """The shape of a page of such rows, for the description."""
    fields = {
        "next": serializers.URLField(allow_null=True, help_text="The page after this one."),
        "previous": serializers.URLField(allow_null=True, help_text="The page before this one."),
        "results": row(many=True),
    }
    return type(name, (Strict,), {"__doc__": f"One page of {row.__name__}.", **fields})
