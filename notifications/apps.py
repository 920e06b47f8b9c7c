"""Who is told what, when, how: messages by e-mail. Reads the record; nobody calls it."""

from importlib import import_module

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Reads events by marks of its own, keeps messages in an outbox, talks to one mail server."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let erasing take a person out of the messages too."""
        erasing = import_module("accounts.services.erasing")
        erasing.ELSEWHERE.append(import_module("notifications.services.forgetting").forget)
