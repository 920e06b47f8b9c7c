"""The doorbell: tells open pages that a subject changed, never what.

The page fetches its own fragment, so that permission and markup live in the view alone. Whatever one
transaction wants to tell leaves after its commit in one call, each message once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)

GROUP = "doorbell"


def ring(subject: str) -> None:
    """Ring for `subject` (a stream such as `release/2026.11.0`) after commit; may be lost."""
    tell(GROUP, {"type": "ring", "subject": subject})


def tell(group: str, message: Mapping[str, Any]) -> None:
    """Send a message to a channel group after commit; may be lost."""
    connection = transaction.get_connection()
    savepoints = set(connection.savepoint_ids)
    for within, call, *_ in connection.run_on_commit:
        if isinstance(call, _Messages) and within == savepoints:
            call.add(group, message)
            return
    messages = _Messages()
    messages.add(group, message)
    transaction.on_commit(messages, robust=True)


class _Messages:
    """What one transaction (or one savepoint of it, which may be taken back by itself) wants to tell."""

    def __init__(self) -> None:
        self._wanted: list[tuple[str, dict[str, Any]]] = []

    def add(self, group: str, message: Mapping[str, Any]) -> None:
        """Send this too, once."""
        if (group, message) not in self._wanted:
            self._wanted.append((group, dict(message)))

    def __call__(self) -> None:
        """Send them; Redis may be away, pages that hear nothing ask by themselves."""
        try:
            layer = get_channel_layer()
            if layer is not None:
                layer.publish(self._wanted)
        except Exception as error:
            groups = ", ".join(sorted({group for group, _ in self._wanted}))
            log.warning("not told: %s (%s)", groups, type(error).__name__)
