"""The doorbell: tells open pages that a subject changed, never what.

The page fetches its own fragment, so that permission and markup live in the view alone. Whatever one
transaction wants to tell leaves after its commit in one call, each message once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)

GROUP = "doorbell"
SECONDS = 5.0
"""How long a commit's messages may take; what takes longer is lost, which a slow poll makes good."""


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
            sending = asyncio.run_coroutine_threadsafe(self._send(), _loop())
            try:
                sending.result(SECONDS)
            finally:
                sending.cancel()  # in vain once it has ended
        except Exception as error:
            groups = ", ".join(sorted({group for group, _ in self._wanted}))
            log.warning("not told: %s (%s)", groups, type(error).__name__)

    async def _send(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        for group, message in self._wanted:
            await layer.group_send(group, message)


_loops: dict[int, asyncio.AbstractEventLoop] = {}
_starting = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """The process's loop for sending, in a thread of its own: its connection to Redis is kept.

    A loop made for each commit would connect anew each time, which costs more than all it has to say.
    """
    with _starting:
        found = _loops.get(os.getpid())
        if found is None:
            found = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=found.run_forever, name="doorbell", daemon=True).start()
        return found
