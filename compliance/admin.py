"""Findings, to read only."""

from __future__ import annotations

from django.contrib import admin

from compliance.models import Finding
from events.admin import ReadOnlyAdmin


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin[Finding]):
    """Nobody adds, changes or removes a finding by hand."""

    list_display = ("at", "check_name", "subject", "verdict", "sentence")
    list_filter = ("check_name", "verdict")
    search_fields = ("subject", "sentence")
