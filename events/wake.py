"""The only place that enqueues a task: by name, after commit.

A wake is a hint. If the broker is away nothing is lost, because a sweep finds what is due.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def wake(task: str, *args: Any, countdown: float | None = None) -> None:
    """Ask for `task` (dotted name) with ids as arguments once the transaction has committed."""
    transaction.on_commit(lambda: _send(task, args, countdown), robust=True)


def _send(task: str, args: tuple[Any, ...], countdown: float | None) -> None:
    try:
        current_app.send_task(task, args=args, countdown=countdown, retry=False)
    except Exception as error:
        log.warning("wake of %s not sent, the sweep will find it: %s", task, type(error).__name__)
