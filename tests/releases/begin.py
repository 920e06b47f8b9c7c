"""What many tests begin with, made once and given back untouched: in a transaction around theirs.

The platform stands for a whole module, a release for a class. What a test does is undone to there; what
the module or the class began with, after the last of its tests. A test that commits (`transaction=True`)
can have none of it: it builds its own, in a module without these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeVar

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from releases.models import Release
from tests.releases import world
from tests.remembered import forget, from_here, memory

Made = TypeVar("Made")


@contextmanager
def kept(blocker: DjangoDbBlocker, make: Callable[[], Made]) -> Iterator[Made]:
    """Within the block, what `make` made is in the database."""
    before = memory.state
    with blocker.unblock(), transaction.atomic():
        made = make()
        connection.check_constraints()  # now, not again after each test
        yield made
        transaction.set_rollback(True)
    memory.state = before


@pytest.fixture(scope="module")
def _platform(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with kept(django_db_blocker, world.build), from_here("platform"):
        yield
    forget("platform")


@pytest.fixture
def platform(_platform: None, db: None, request: pytest.FixtureRequest) -> None:
    """A small platform, loaded by its platform file, and the whole cast."""
    marker = request.node.get_closest_marker("django_db")
    assert marker is None or not marker.kwargs.get("transaction"), "a test that commits builds its own"


class Begun:
    """Tests that begin with the release that `begin` makes.

    With `@pytest.mark.parametrize("_begun", {…}, indirect=True)` they begin with one after another.
    """

    begin: ClassVar[Callable[[], Release]]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _begun(
        cls, request: pytest.FixtureRequest, _platform: None, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[Release]:
        with kept(django_db_blocker, getattr(request, "param", None) or cls.begin) as release:
            yield release

    @pytest.fixture(autouse=True)
    def release(self, _begun: Release, platform: None) -> Release:
        """It, as every test finds it."""
        return world.again(_begun)
