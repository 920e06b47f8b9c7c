"""Who a socket is of, as its handshake's cookie says."""

from __future__ import annotations

from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from accounts.models import User
from accounts.sessions import SessionStore
from hmhp_portal.socket_user import WithUser
from tests.cast import user

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def logged_in() -> tuple[User, str]:
    """Rita and the key of her session."""
    rita, session = user("rita"), SessionStore()
    session[SESSION_KEY] = str(rita.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = rita.get_session_auth_hash()
    session.create()
    return rita, str(session.session_key)


async def who(*headers: tuple[bytes, bytes]) -> Any:
    found: list[Any] = []

    async def send(message: Any) -> None: ...

    async def inner(scope: Any, receive: Any, given: Any) -> None:
        assert given is send  # nothing stands around a frame
        found.append(scope["user"])

    await WithUser(inner)({"type": "websocket", "headers": headers}, None, send)  # type: ignore[arg-type]
    return found[0]


async def test_valid_session_is_its_person() -> None:
    rita, key = await logged_in()
    assert await who((b"host", b"x"), (b"cookie", f"a=b; hmhp_session={key}".encode())) == rita


async def test_no_or_a_wrong_cookie_is_nobody() -> None:
    assert not (await who()).is_authenticated
    assert not (await who((b"cookie", b"hmhp_session=made-up-made-up-made-up"))).is_authenticated
    assert not (await who((b"cookie", b"\xff;=;hmhp_session"))).is_authenticated


async def test_session_of_before_the_password_was_changed_is_nobody() -> None:
    rita, key = await logged_in()
    rita.set_password("another one, long enough")
    await database_sync_to_async(rita.save)()
    assert not (await who((b"cookie", f"hmhp_session={key}".encode()))).is_authenticated
