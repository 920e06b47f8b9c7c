"""Messages, stakeholders and the mail server in the admin, to be looked at only."""

from __future__ import annotations

from django.contrib import admin

from approvals.admin import LookOnly
from notifications.models import MailServer, Mark, Message, Stakeholder


@admin.register(Message)
class MessageAdmin(LookOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """What was written to whom."""

    list_display = ("at", "kind", "thread", "recipient_email", "state", "attempts")
    list_filter = ("state", "kind")
    search_fields = ("recipient_email", "thread", "subject")


@admin.register(Stakeholder)
class StakeholderAdmin(LookOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who is told without an account."""

    list_display = ("name", "email", "zone", "retired_at")


@admin.register(Mark, MailServer)
class ReadingAdmin(LookOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """How far the record has been read, and how the mail server does."""
