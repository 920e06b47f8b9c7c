"""Who opens a socket: the session that the cookie names, read once at the handshake.

Sockets never write to a session, so nothing stands around what they send: channels' own layer for sessions
looks at the session with every frame, which for a thousand open pages is a fifth of the work.
"""

from __future__ import annotations

from typing import Any

from channels.auth import get_user
from django.conf import settings
from django.http import parse_cookie

from accounts.sessions import SessionStore
from hmhp_portal.shedding.refusals import Receive, Scope, Send


class WithUser:
    """Puts `user` into the scope; nobody in particular where no valid session is named."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read who it is, then hand on."""
        text = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
        session = SessionStore(parse_cookie(text.decode("latin-1")).get(settings.SESSION_COOKIE_NAME))
        user = await get_user({"session": session})
        await self._inner({**scope, "user": user}, receive, send)
