"""A run's socket `/ws/deployments/<id>/?after=<seq>`: every line after `seq`, in order, none twice.

Frames out: `{"lines": […], "state": …, "sentence": …}` and each three seconds `{"beat": <ISO time>,
"seq": n, "state": …, "sentence": …}`. Closes with 4400 (`after` is no number), 4401 (nobody is logged
in), 4403 (not allowed), 4404 (no such run) and 4008 (too slow: come back with `after`).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from accounts.actors import person
from accounts.models import User
from approvals import policy
from deployments.hub import Frame, Hub, Subscriber, frame_text, hub_of, leave, replay
from deployments.models import DeploymentRun
from events import clock

BEAT_SECONDS = 3.0
CHECK_SECONDS = 15.0
"""How often an open socket asks again whether this person may still look."""

BAD_POSITION, NOT_LOGGED_IN, NOT_ALLOWED, NO_SUCH_RUN, TOO_SLOW = 4400, 4401, 4403, 4404, 4008


class RunConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One open deployment page."""

    async def connect(self) -> None:
        """Accept, so that a closing code reaches the page, then join the run's hub."""
        self._sender: asyncio.Task[None] | None = None
        self._subscriber = Subscriber()
        self._hub: Hub | None = None
        await self.accept()
        self.run_id = int(self.scope["url_route"]["kwargs"]["run_id"])
        after = _position(self.scope.get("query_string", b""))
        refused = BAD_POSITION if after is None else await database_sync_to_async(self._refusal)()
        if refused or after is None:
            await self.close(code=refused)
            return
        self._hub = hub_of(self.run_id)
        self._sender = asyncio.create_task(self._send(self._hub, after))

    async def disconnect(self, code: int) -> None:
        """Leave the hub."""
        if self._sender is not None:
            self._sender.cancel()
        if self._hub is not None:
            leave(self._hub, self._subscriber)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Acts go over HTTP, which works when the socket is down; what is sent here is left unread."""

    async def _send(self, hub: Hub, after: int) -> None:
        """Join, replay what is missing, then follow: in this order no line falls into a gap."""
        await hub.join(self._subscriber)
        seen, until = after, hub.last
        while seen < until:
            lines = await replay(self.run_id, seen, until)
            if not lines:
                break
            await self.send(text_data=frame_text(lines, hub.state, hub.sentence))
            seen = lines[-1]["seq"]
        await self._beat(hub, seen)
        await self._follow(hub, max(seen, until))

    async def _follow(self, hub: Hub, seen: int) -> None:
        loop = asyncio.get_running_loop()
        beat_at, check_at = loop.time() + BEAT_SECONDS, loop.time() + CHECK_SECONDS
        while not self._subscriber.overflowed:
            if loop.time() >= beat_at:
                await self._beat(hub, seen)
                beat_at = loop.time() + BEAT_SECONDS
                if loop.time() >= check_at:
                    check_at = loop.time() + CHECK_SECONDS
                    if refused := await database_sync_to_async(self._refusal)():
                        await self.close(code=refused)
                        return
            try:
                async with asyncio.timeout_at(beat_at):  # wait_for would make a task for every frame
                    frame = await self._subscriber.queue.get()
            except TimeoutError:
                continue
            seen = await self._forward(frame, hub, seen)
        await self.close(code=TOO_SLOW)

    async def _forward(self, frame: Frame, hub: Hub, seen: int) -> int:
        """Send what is new in a frame; returns the newest position that the page has."""
        if frame.first > seen or not frame.lines:
            await self.send(text_data=frame.text)
        elif frame.last > seen:
            new = [line for line in frame.lines if line["seq"] > seen]
            await self.send(text_data=frame_text(new, hub.state, hub.sentence))
        return max(seen, frame.last)

    async def _beat(self, hub: Hub, seen: int) -> None:
        """Say that this is live; a hub that cannot read the database says nothing."""
        if not hub.fresh:
            return
        beat = {
            "beat": clock.now().isoformat(),
            "seq": seen,
            "state": hub.state,
            "sentence": hub.sentence,
        }
        await self.send(text_data=json.dumps(beat))

    def _refusal(self) -> int:
        """The closing code of why this person may not look, 0 when they may."""
        user: Any = self.scope["user"]
        if not user.is_authenticated:
            return NOT_LOGGED_IN
        present = User.objects.filter(pk=user.pk, is_active=True).first()
        if present is None:
            return NOT_LOGGED_IN
        if policy.may(person(present), policy.Action.READ_DEPLOYMENTS) is not None:
            return NOT_ALLOWED
        return 0 if DeploymentRun.objects.filter(pk=self.run_id).exists() else NO_SUCH_RUN


def _position(query: bytes) -> int | None:
    """`after` of the query string; 0 when it is missing, None when it is no number."""
    text = parse_qs(query.decode("latin-1")).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
