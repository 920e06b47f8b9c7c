"""Headers on their way through the proxy.

What belongs to one connection only is left out (RFC 9110 §7.6.1), who asked is added
(X-Forwarded-*), everything else, W3C `traceparent` and `tracestate` included, passes as it came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDict

from platforms.local.proxy.table import Route

# fmt: off
_OF_THE_CONNECTION = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade", "expect",
})
_OF_THE_HANDSHAKE = frozenset({
    "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions",
    "sec-websocket-protocol", "sec-websocket-accept",
})
# fmt: on


def end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """A copy without the headers of one connection and those that `Connection` names."""
    named = headers.get("Connection", "")
    dropped = _OF_THE_CONNECTION
    if named:
        dropped = dropped | {token.strip().lower() for token in named.split(",")}
    return CIMultiDict((key, value) for key, value in headers.items() if key.lower() not in dropped)


def to_service(request: web.BaseRequest) -> CIMultiDict[str]:
    """What the service is sent; `Host` stays the one that the client asked for."""
    headers = end_to_end(request.headers)
    before = headers.get("X-Forwarded-For")
    client = request.remote or "unknown"
    headers["X-Forwarded-For"] = f"{before}, {client}" if before else client
    headers.setdefault("X-Forwarded-Proto", request.scheme)
    headers.setdefault("X-Forwarded-Host", request.host)
    return headers


def to_service_upgraded(request: web.BaseRequest) -> CIMultiDict[str]:
    """The same for a WebSocket: the handshake's own headers are made anew on each side."""
    headers = to_service(request)
    for key in _OF_THE_HANDSHAKE:
        headers.popall(key, None)
    return headers


def to_client(headers: Mapping[str, str], route: Route, cookie: Cookie, slot: str | None) -> CIMultiDict[str]:
    """What the client is sent: the service's headers, who served it, and the cookie when it is new."""
    answer = end_to_end(headers)
    mark(answer, route, cookie, slot)
    return answer


def mark(answer: CIMultiDict[str], route: Route, cookie: Cookie, slot: str | None) -> None:
    """Say which colour and release served, and keep the client there."""
    answer["X-HMHP-Slot"] = route.slot
    answer["X-HMHP-Release"] = route.release
    if slot != route.slot:
        answer.add("Set-Cookie", cookie.set_to(route.slot))


class Cookie:
    """The cookie that keeps a client on its colour.

    Cookies know no port, and targets of one machine share its host name: so environment, region
    and component are part of the name.
    """

    def __init__(self, environment: str, region: str, component: str) -> None:
        self.name = f"hmhp-slot-{environment}-{region}-{component}"
        self._found = re.compile(rf"(?:^|;\s*){re.escape(self.name)}=([A-Za-z0-9._-]+)")

    def read(self, headers: Mapping[str, str]) -> str | None:
        """The slot that the client's cookie names, known or not."""
        text = headers.get("Cookie")
        found = self._found.search(text) if text else None
        return found.group(1) if found else None

    def set_to(self, slot: str) -> str:
        """The value of a Set-Cookie header; it lasts as long as the client's session."""
        return f"{self.name}={slot}; Path=/; HttpOnly; SameSite=Lax"
