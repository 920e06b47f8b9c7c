"""Releases in the admin, to be looked at only: services write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from releases.models import Component, Freeze, Release

if TYPE_CHECKING:
    ComponentRow = admin.ModelAdmin[Component]
    FreezeRow = admin.ModelAdmin[Freeze]
    ReleaseRow = admin.ModelAdmin[Release]
else:
    ComponentRow = FreezeRow = ReleaseRow = admin.ModelAdmin


class LookOnly:
    """Nothing can be added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(Release)
class ReleaseAdmin(LookOnly, ReleaseRow):
    """Releases by state."""

    list_display = ("version", "kind", "state", "title", "created_at", "changed_at")
    list_filter = ("state", "kind")
    search_fields = ("version", "title", "commit")


@admin.register(Component)
class ComponentAdmin(LookOnly, ComponentRow):
    """Components of the platform file."""

    list_display = ("name", "kind", "edge", "retired_at")


@admin.register(Freeze)
class FreezeAdmin(LookOnly, FreezeRow):
    """Freezes that stand or stood."""

    list_display = ("name", "starts_at", "ends_at", "zone", "source", "removed_at")
