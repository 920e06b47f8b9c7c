"""Threads for HTTP, in lanes: whoever must steer a run never stands behind pages or pipelines.

In comes an ASGI request, out goes Django's answer from a thread of the lane, or 503 with Retry-After when
too many stand before it, or 429 when one caller has too many under way. The answer is handed to the
client outside the thread, so that a slow reader holds none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from a2wsgi import WSGIMiddleware

from hmhp_portal.shedding.bodies import Bodies, Gone, TooMuch
from hmhp_portal.shedding.refusals import BUSY, TOO_MANY, Message, Receive, Scope, Send, refuse

READ_SECONDS = 60.0
"""How long a client may take for the next piece of its answer."""


class Lane:
    """`threads` of its own, and at most `room` requests in them and before them."""

    def __init__(self, handler: Any, threads: int, room: int, of_one: int) -> None:
        self._wsgi = WSGIMiddleware(handler, workers=threads)
        self._room = room
        self._of_one = of_one
        self._here: Counter[bytes] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send, bodies: Bodies) -> None:
        """Answer one request."""
        try:
            async with bodies.whole(scope, receive) as body:
                answer = await self._answer(scope, body, send)
        except TooMuch as too_much:
            await refuse(too_much.refusal, scope, send)
        except Gone:
            return
        else:
            if answer is not None:
                await answer.end()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> _Answer | None:
        caller = _caller(scope)
        if self._here.total() >= self._room:
            await refuse(BUSY, scope, send)
            return None
        if self._here[caller] >= self._of_one:
            await refuse(TOO_MANY, scope, send)
            return None
        answer = _Answer(send)
        self._here[caller] += 1
        try:
            await self._wsgi(scope, receive, answer.put)  # type: ignore[arg-type]
        except BaseException:
            answer.cut()
            raise
        finally:
            self._here[caller] -= 1
            if not self._here[caller]:
                del self._here[caller]
        return answer


class _Answer:
    """Goes out to the client by itself; `put` never waits for it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._go_out())

    async def put(self, message: Message) -> None:
        self._queue.put_nowait(message)

    async def end(self) -> None:
        """Wait until the client has it, or has taken too long."""
        self._queue.put_nowait(None)
        await self._task

    def cut(self) -> None:
        """Send no more of it."""
        self._task.cancel()

    async def _go_out(self) -> None:
        while (message := await self._queue.get()) is not None:
            try:
                async with asyncio.timeout(READ_SECONDS):
                    await self._send(message)
            except TimeoutError:
                return


def _caller(scope: Scope) -> bytes:
    """Who asks, as far as a head tells: the token, the session, else the address."""
    headers = dict(scope["headers"])
    if b"authorization" in headers:
        return bytes(headers[b"authorization"])
    for cookie in headers.get(b"cookie", b"").split(b";"):
        name, _, value = cookie.strip().partition(b"=")
        if name == b"hmhp_session" and value:
            return bytes(value)
    client = scope.get("client")
    return str(client[0]).encode() if client else b""
