"""Answers that cost nothing: no thread, no database, no template."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and after how many seconds to come back (0: not at all)."""

    status: int
    type: str
    title: str
    detail: str
    retry_after: int = 0

    def headers(self, length: int, media: str) -> list[tuple[bytes, bytes]]:
        """The head of the answer; the connection ends with it."""
        found = [
            (b"content-type", media.encode()),
            (b"content-length", str(length).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        return [*found, *([(b"retry-after", str(self.retry_after).encode())] if self.retry_after else [])]

    def body(self, path: str) -> tuple[bytes, str]:
        """Problem details for the API (RFC 9457), a sentence for people."""
        if not path.startswith("/api/"):
            return f"{self.title}. {self.detail}\n".encode(), "text/plain; charset=utf-8"
        problem = {
            "type": f"/api/v1/problems/{self.type}/",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
        }
        return json.dumps(problem).encode(), "application/problem+json"


TOO_LARGE = Refusal(413, "too-large", "The body is too large", "Send less than 2.5 MB.")
TOO_SLOW = Refusal(408, "too-slow", "The body did not arrive in time", "Send it at once.", 1)
BUSY = Refusal(503, "unavailable", "The portal is busy", "Nothing was changed. Try again in a moment.", 2)
TOO_MANY = Refusal(
    429,
    "too-many-requests",
    "Too many requests",
    "This caller has too many requests under way; wait for their answers.",
    1,
)


async def refuse(refusal: Refusal, scope: Mapping[str, Any], send: Send) -> None:
    """Answer an HTTP request with it."""
    text, media = refusal.body(scope["path"])
    headers = refusal.headers(len(text), media)
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else text})


async def refuse_socket(refusal: Refusal, scope: Mapping[str, Any], send: Send) -> None:
    """Answer a WebSocket's handshake with it."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1013})
        return
    text, media = refusal.body(scope["path"])
    headers = refusal.headers(len(text), media)
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": text})
