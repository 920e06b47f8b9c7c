"""The platform of `tests/releases/world.py` for every test of an endpoint, built once a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.api.caller import Caller
from tests.releases import world


@pytest.fixture(scope="module")
def _platform(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What all tests of a module begin with, in a transaction around theirs."""
    with django_db_blocker.unblock(), transaction.atomic():
        world.build()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def platform(_platform: None, db: None) -> None:
    """A small platform and the whole cast."""


@pytest.fixture
def ci(platform: None) -> Caller:
    """A pipeline with a service token."""
    return Caller(None)
