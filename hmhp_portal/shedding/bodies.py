"""A request's body, whole, before a thread is taken for it: a slow sender holds nobody up.

In comes ASGI's `receive`, out goes one that gives the same body at once, or a refusal: 413 beyond the
limit, 408 after too long, 503 when all the bodies under way would fill the memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from hmhp_portal.shedding.refusals import BUSY, TOO_LARGE, TOO_SLOW, Message, Receive, Refusal, Scope

BODY_SECONDS = 10.0
"""From the request's head to the end of its body."""
ALL_BYTES = 64 * 1024 * 1024
"""Of all bodies that are being read at one time, in this process."""
DRAIN_BYTES, DRAIN_SECONDS, SILENT_SECONDS = 16 * 1024 * 1024, 30.0, 3.0
"""What is read and thrown away of a body that is refused: so much, for so long, with no longer silence.

Closing over unread bytes resets the connection, and its sender would never read the answer.
"""


class Gone(Exception):
    """The client has left: there is nobody to answer."""


class TooMuch(Exception):
    """The body is refused; `refusal` says why, `more` whether its sender has not ended."""

    def __init__(self, refusal: Refusal, *, more: bool = False) -> None:
        super().__init__(refusal.title)
        self.refusal = refusal
        self.more = more


class Bodies:
    """Reads bodies for one process. `limit` is the most bytes of one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @contextlib.asynccontextmanager
    async def whole(self, scope: Scope, receive: Receive) -> AsyncIterator[Receive]:
        """A `receive` with the body in it, its bytes counted until the block ends. Raises TooMuch, Gone."""
        try:
            if _declared(scope) > self._limit:
                raise TooMuch(TOO_LARGE, more=not _asks_first(scope))
            parts: list[bytes] = []
            with self._counted(parts):
                try:
                    async with asyncio.timeout(BODY_SECONDS):
                        await self._read(receive, parts)
                except TimeoutError:
                    raise TooMuch(TOO_SLOW) from None
                yield _replayed(b"".join(parts), receive)
        except TooMuch as refused:
            if refused.more:
                await _drain(receive)
            raise

    async def _read(self, receive: Receive, parts: list[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part, more = message.get("body", b""), bool(message.get("more_body"))
            size += len(part)
            if size > self._limit:
                raise TooMuch(TOO_LARGE, more=more)
            if self._held + len(part) > ALL_BYTES:
                raise TooMuch(BUSY, more=more)
            self._held += len(part)
            parts.append(part)

    @contextlib.contextmanager
    def _counted(self, parts: list[bytes]) -> Iterator[None]:
        try:
            yield
        finally:
            self._held -= sum(len(part) for part in parts)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body once; after it whatever the connection says."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _asks_first(scope: Scope) -> bool:
    """Does the client wait for a 100 before it sends? Then there is nothing to read, and no 100."""
    return any(name == b"expect" for name, _ in scope["headers"])


async def _drain(receive: Receive) -> None:
    """Read on and keep nothing, while bytes come."""
    size, more = 0, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while more and size < DRAIN_BYTES:
                message = await asyncio.wait_for(receive(), SILENT_SECONDS)
                size += len(message.get("body", b""))
                more = bool(message.get("more_body"))
