"""The doorbell's socket `/ws/doorbell/`: tells an open page which subjects changed, never what.

Frames out: `{"ring": ["release/2026.11.0", …], "among": 12}`, at most once a second per subject, and
`{"beat": "<ISO time>"}` when nothing rang for three seconds. `among` is how many pages this process rings
for, so that pages which show everything do not all ask at once. Nothing is expected from the page.
Closes with 4401 when nobody is logged in and 4403 when the person holds no role.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user_model

from events import clock
from events.doorbell import GROUP

BEAT_SECONDS = 3.0
JOIN_SECONDS = 1.0
NOT_LOGGED_IN, NOT_ALLOWED = 4401, 4403


class DoorbellConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One open page."""

    ringing: ClassVar[int] = 0
    """Pages that this process rings for."""

    async def connect(self) -> None:
        """Accept, so that the closing code reaches the page, then listen."""
        self._waiting: set[str] = set()
        self._rung_at: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        await self.accept()
        refused = await database_sync_to_async(self._refusal)()
        if refused:
            await self.close(code=refused)
            return
        await self.channel_layer.group_add(GROUP, self.channel_name)
        DoorbellConsumer.ringing += 1
        self._sender = asyncio.create_task(self._send_frames())

    async def disconnect(self, code: int) -> None:
        """Stop listening."""
        if self._sender is not None:
            self._sender.cancel()
            DoorbellConsumer.ringing -= 1
            await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pages say nothing here; what they send is left unread."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Take rings without the thread hop that the base class makes for every message."""
        if message["type"] != "ring":
            await super().dispatch(message)
            return
        subject = message["subject"]
        self._waiting.add(subject)
        self._wake.set()
        if subject == getattr(self.scope["user"], "stream", None):
            refused = await database_sync_to_async(self._refusal)()
            if refused:
                await self.close(code=refused)

    def _refusal(self) -> int | None:
        user = self.scope["user"]
        if not user.is_authenticated:
            return NOT_LOGGED_IN
        present = get_user_model()._default_manager.filter(pk=user.pk, is_active=True).first()
        if present is None:
            return NOT_LOGGED_IN
        return None if present.has_perm("events.hear_doorbell") else NOT_ALLOWED

    async def _send_frames(self) -> None:
        loop = asyncio.get_running_loop()
        beat_at = loop.time()  # the first beat says at once that the page is live
        while True:
            moment = loop.time()
            due = sorted(s for s in self._waiting if self._rung_at.get(s, 0.0) + JOIN_SECONDS <= moment)
            if due or moment >= beat_at:
                await self._frame(due, moment)
                beat_at = moment + BEAT_SECONDS
                continue
            next_ring = min((self._rung_at[s] + JOIN_SECONDS for s in self._waiting), default=beat_at)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(beat_at, next_ring) - moment):
                    await self._wake.wait()
            self._wake.clear()

    async def _frame(self, due: list[str], moment: float) -> None:
        """One frame, and forget the subjects whose second is over."""
        self._waiting.difference_update(due)
        self._rung_at = {s: at for s, at in self._rung_at.items() if at + JOIN_SECONDS > moment}
        self._rung_at.update(dict.fromkeys(due, moment))
        frame: dict[str, Any] = {"ring": due, "among": self.ringing}
        if not due:
            frame = {"beat": clock.now().isoformat()}
        await self.send(text_data=json.dumps(frame))
