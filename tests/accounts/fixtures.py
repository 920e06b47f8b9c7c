"""Fixtures with the named cast; registered for all tests in `tests/conftest.py`."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.cast import Cast, make_cast, user


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
        return client


@pytest.fixture
def logged_in(db: None) -> Door:
    """`logged_in("rita")` gives a client with Rita's session."""
    return Door()
