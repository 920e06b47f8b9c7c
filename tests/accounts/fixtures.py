"""Fixtures with the named cast; registered for all tests in `tests/conftest.py`."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from tests.cast import Cast, app_of, make_cast, user


@pytest.fixture
def cast(db: None) -> Cast:
    """Everybody."""
    return make_cast()


class Door:
    """Hands out test clients that are logged in as somebody of the cast."""

    def __call__(self, name: str, *, enforce_csrf_checks: bool = False) -> Client:
        """A client with a session of `name`."""
        client = Client(enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(user(name))
        give_factor(client, name)
        return client


def give_factor(client: Client, name: str, minutes_ago: float = 0) -> None:
    """Note in the session, as the login does, that the person's app was asked for so long ago."""
    session = client.session
    at = time.time() - 60 * minutes_ago
    record = {"method": "mfa", "type": "totp", "id": app_of(name).pk, "at": at, "reauthenticated": True}
    session["account_authentication_methods"] = [record]
    session.save()


@pytest.fixture
def logged_in(db: None) -> Door:
    """`logged_in("rita")` gives a client with Rita's session."""
    return Door()
