"""The record in Django's admin, to be looked at only. `ReadOnlyAdmin` serves the other rooms too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from events.models import Event, StreamHead

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Row]
else:

    class _Base(admin.ModelAdmin, Generic[Row]):
        """At run time Django's class takes no type in brackets."""


class ReadOnlyAdmin(_Base[Row]):
    """Nothing is added, changed or deleted here: services write, and record what they did."""

    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """What happened, newest first."""

    list_display = ("at", "stream", "seq", "kind", "actor", "reason")
    list_filter = ("kind",)
    search_fields = ("stream", "actor")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(StreamHead)
class StreamHeadAdmin(ReadOnlyAdmin[StreamHead]):
    """Where each stream stands."""

    list_display = ("stream", "seq", "hash")
    search_fields = ("stream",)
