"""Pages that look across rooms; nothing imports it."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Board, for you, what is live where, help, and the shell around every page."""

    name = "desk"
    default_auto_field = "django.db.models.BigAutoField"
