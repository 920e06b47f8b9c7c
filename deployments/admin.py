"""Environments and runs in the admin, to be looked at only: the platform file and services write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from deployments.models import DeploymentRun, Environment, EnvironmentLock, RunStep, Target

if TYPE_CHECKING:
    EnvironmentRow = admin.ModelAdmin[Environment]
    TargetRows = admin.TabularInline[Target, Environment]
    LockRow = admin.ModelAdmin[EnvironmentLock]
    RunRow = admin.ModelAdmin[DeploymentRun]
    StepRows = admin.TabularInline[RunStep, DeploymentRun]
else:
    EnvironmentRow = LockRow = RunRow = admin.ModelAdmin
    TargetRows = StepRows = admin.TabularInline


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


class TargetInline(LookOnly, TargetRows):
    """Where the environment's regions run."""

    model = Target


class StepInline(LookOnly, StepRows):
    """The run's steps."""

    model = RunStep
    fields = ("ordinal", "title", "region", "state", "started_at", "ended_at", "sentence")


@admin.register(Environment)
class EnvironmentAdmin(LookOnly, EnvironmentRow):
    """The ladder."""

    list_display = ("position", "name", "data_class", "serving", "fence", "retired_at")
    list_select_related = ("serving",)
    inlines = (TargetInline,)


@admin.register(EnvironmentLock)
class EnvironmentLockAdmin(LookOnly, LockRow):
    """What stopped ordinary runs, and until when."""

    list_display = ("environment", "release_label", "since", "lifted_at", "reason")
    list_select_related = ("environment",)


@admin.register(DeploymentRun)
class DeploymentRunAdmin(LookOnly, RunRow):
    """Runs with their steps; lines are on the run's page."""

    list_display = ("id", "environment", "kind", "subject", "state", "queued_at", "ended_at", "sentence")
    list_filter = ("environment", "kind", "state")
    list_select_related = ("environment",)
    search_fields = ("subject", "content_hash")
    inlines = (StepInline,)
