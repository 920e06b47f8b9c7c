"""A run's socket `/ws/deployments/<id>/?after=<seq>`: every line after `seq`, in order, none twice.

Frames out: `{"lines": […], "state": …, "sentence": …}` and each three seconds `{"beat": <ISO time>,
"seq": n, "state": …, "sentence": …}`. Closes with 4400 (`after` is no number), 4401 (nobody is logged
in), 4403 (not allowed), 4404 (no such run) and 4008 (too slow: come back with `after`).
"""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from deployments.hub import Frame, Hub, Subscriber, enter, frame_text, leave, replay
from deployments.onlookers import NOT_LOGGED_IN

BAD_POSITION, TOO_SLOW = 4400, 4008


class RunConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One open deployment page."""

    async def connect(self) -> None:
        """Accept, so that a closing code reaches the page, then join the run's hub."""
        self._sender: asyncio.Task[None] | None = None
        self._hub: Hub | None = None
        await self.accept()
        self.run_id = int(self.scope["url_route"]["kwargs"]["run_id"])
        after, user = _position(self.scope.get("query_string", b"")), self.scope["user"]
        if after is None or not user.is_authenticated:
            await self.close(code=BAD_POSITION if after is None else NOT_LOGGED_IN)
            return
        self._subscriber = Subscriber(user.pk)
        self._hub = enter(self.run_id, self._subscriber)
        if refused := await self._hub.refusal(user.pk):
            self._leave()
            await self.close(code=refused)
            return
        self._sender = asyncio.create_task(self._send(self._hub, after))

    async def disconnect(self, code: int) -> None:
        """Leave the hub."""
        if self._sender is not None:
            self._sender.cancel()
        self._leave()

    def _leave(self) -> None:
        if self._hub is not None:
            leave(self._hub, self._subscriber)
            self._hub = None

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Acts go over HTTP, which works when the socket is down; what is sent here is left unread."""

    async def _send(self, hub: Hub, after: int) -> None:
        """With a place in the hub, replay what is missing, then follow: so no line falls into a gap."""
        await hub.ready()
        seen, until = after, hub.last
        while seen < until:
            lines = await replay(self.run_id, seen, until)
            if not lines:
                break
            await self.send(text_data=frame_text(lines, hub.state, hub.sentence))
            seen = lines[-1][0]
        if hub.fresh:
            await self.send(text_data=hub.beat(seen))
        await self._follow(hub, max(seen, until))

    async def _follow(self, hub: Hub, seen: int) -> None:
        """Hand on what the hub brings. There is always something: a beat, if nothing else."""
        while not self._subscriber.overflowed and not self._subscriber.refused:
            seen = await self._forward(await self._subscriber.queue.get(), hub, seen)
        await self.close(code=self._subscriber.refused or TOO_SLOW)

    async def _forward(self, frame: Frame, hub: Hub, seen: int) -> int:
        """Send what is new in a frame; returns the newest position that the page has."""
        if frame.first > seen or not frame.lines:
            if frame.text:
                await self.send(text_data=frame.text)
        elif frame.last > seen:
            new = [line for line in frame.lines if line[0] > seen]
            await self.send(text_data=frame_text(new, hub.state, hub.sentence))
        return max(seen, frame.last)


def _position(query: bytes) -> int | None:
    """`after` of the query string; 0 when it is missing, None when it is no number."""
    text = parse_qs(query.decode("latin-1")).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
