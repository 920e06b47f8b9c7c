"""What the queue runs for this room: the daily clearing of sessions that have ended."""

from __future__ import annotations

from importlib import import_module

from celery import shared_task
from django.conf import settings


@shared_task(name="accounts.tasks.clear_sessions")
def clear_sessions() -> None:
    """Remove the copies of sessions past their end."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
