"""Gates and answers in the admin, to be looked at only: services write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from approvals.models import BreakGlass, Decision, EmergencyStop, Gate, Requirement, Review, SignOff

if TYPE_CHECKING:
    GateRow = admin.ModelAdmin[Gate]
    RequirementRows = admin.TabularInline[Requirement, Gate]
    SignOffRows = admin.TabularInline[SignOff, Gate]
    DecisionRows = admin.TabularInline[Decision, Gate]
    StopRow = admin.ModelAdmin[EmergencyStop]
    GlassRow = admin.ModelAdmin[BreakGlass]
    ReviewRow = admin.ModelAdmin[Review]
else:
    GateRow = StopRow = GlassRow = ReviewRow = admin.ModelAdmin
    RequirementRows = SignOffRows = DecisionRows = admin.TabularInline


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


class RequirementInline(LookOnly, RequirementRows):
    """What the gate asks."""

    model = Requirement
    extra = 0


class SignOffInline(LookOnly, SignOffRows):
    """Who answered."""

    model = SignOff
    extra = 0


class DecisionInline(LookOnly, DecisionRows):
    """What was decided."""

    model = Decision
    extra = 0


@admin.register(Gate)
class GateAdmin(LookOnly, GateRow):
    """Gates with their requirements, signatures and decisions."""

    list_display = ("label", "kind", "round", "state", "opened_at", "closed_at")
    list_filter = ("state", "kind")
    search_fields = ("label", "stream", "seal")
    inlines = (RequirementInline, SignOffInline, DecisionInline)


@admin.register(EmergencyStop)
class EmergencyStopAdmin(LookOnly, StopRow):
    """Stops in force and lifted ones."""

    list_display = ("place", "at", "by", "lifted_at", "lifted_by")


@admin.register(BreakGlass)
class BreakGlassAdmin(LookOnly, GlassRow):
    """Broken glass and late entries."""

    list_display = ("label", "at", "recorded_at", "late_entry", "role")


@admin.register(Review)
class ReviewAdmin(LookOnly, ReviewRow):
    """What is owed."""

    list_display = ("gate", "cause", "due_at", "level")
