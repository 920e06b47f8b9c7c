"""Celery's door to this app: one sweep that reads the record and sends what waits."""

from __future__ import annotations

from celery import shared_task

from notifications.services import audit_heads, reading, sending


@shared_task(name="notifications.tasks.sweep")
def sweep() -> None:
    """Make the messages of what happened, then send what is due."""
    reading.read()
    audit_heads.write()
    sending.deliver()
