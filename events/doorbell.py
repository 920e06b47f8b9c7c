"""The doorbell: tells open pages that a subject changed, never what.

The page fetches its own fragment, so that permission and markup live in the view alone.
"""

from __future__ import annotations

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)

GROUP = "doorbell"


def ring(subject: str) -> None:
    """Ring for `subject` (a stream such as `release/2026.11.0`) after commit; may be lost."""
    transaction.on_commit(lambda: _send(subject), robust=True)


def _send(subject: str) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(GROUP, {"type": "ring", "subject": subject})
    except Exception as error:
        log.warning("doorbell for %s not rung: %s", subject, type(error).__name__)
