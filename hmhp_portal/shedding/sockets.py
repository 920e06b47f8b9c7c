"""Open sockets are counted: so many in this process, so many of one person; one more is told to wait.

Stands twice around the consumers: `InAll` before anybody is asked who they are, `OfOnePerson` after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from hmhp_portal.shedding.refusals import Receive, Refusal, Scope, Send, refuse_socket

FULL = Refusal(
    503,
    "unavailable",
    "Too many pages are open",
    "The page goes on by itself and tries again.",
    15,
)
MANY = Refusal(429, "too-many-requests", "You have too many pages open", "Close one to follow here.", 30)

Application = Callable[[Scope, Receive, Send], Awaitable[Any]]


class InAll:
    """At most `limit` sockets in this process."""

    def __init__(self, inner: Application, limit: int) -> None:
        self._inner = inner
        self._limit = limit
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or refuse the handshake with 503."""
        if self.open >= self._limit:
            await refuse_socket(FULL, scope, send)
            return
        self.open += 1
        try:
            await self._inner(scope, receive, send)
        finally:
            self.open -= 1


class OfOnePerson:
    """At most `limit` sockets of one person in this process; strangers share one count by address."""

    def __init__(self, inner: Application, limit: int) -> None:
        self._inner = inner
        self._limit = limit
        self._open: Counter[object] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or refuse the handshake with 429."""
        person = _person(scope)
        if self._open[person] >= self._limit:
            await refuse_socket(MANY, scope, send)
            return
        self._open[person] += 1
        try:
            await self._inner(scope, receive, send)
        finally:
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]


def _person(scope: Scope) -> object:
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        return user.pk
    client = scope.get("client")
    return f"stranger at {client[0]}" if client else "stranger"
