"""The record of what happened; every other app writes here, none is imported from here."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Append-only record, clock, wake and doorbell."""

    name = "events"
    default_auto_field = "django.db.models.BigAutoField"
