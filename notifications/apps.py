"""Who is told what, when, how: messages by e-mail. Reads the record; nobody calls it."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Reads events by marks of its own, keeps messages in an outbox, talks to one mail server."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
