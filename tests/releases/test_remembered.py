"""What is laid is what was built, and only where it fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from events import clock
from events.verification import verify
from releases import queries
from releases.models import Release
from releases.states import ReleaseState
from tests import remembered
from tests.api.caller import Caller
from tests.cast import actor, token_of
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


@pytest.fixture(autouse=True)
def _superuser(platform: None) -> None:
    if not remembered.memory.state:
        pytest.skip("The account of the tests may not pass triggers by: everything is built.")


def inserts(build: object) -> int:
    """How many rows were written one by one for it."""
    with CaptureQueriesContext(connection) as caught:
        build()  # type: ignore[operator]
    return sum(query["sql"].lstrip().startswith("INSERT") for query in caught.captured_queries)


def rows() -> dict[str, list[bytes]]:
    """Every row, in whatever order they lie."""
    return {table: sorted(lines.splitlines()) for table, lines in remembered._read().items()}


def test_second_of_its_kind_has_the_rows_of_the_first() -> None:
    with transaction.atomic():
        first = world.approved()
        built = rows()
        transaction.set_rollback(True)
    assert not Release.objects.exists()
    assert inserts(world.approved) == 0
    assert rows() == built
    again = queries.get(first.version)
    assert (again.pk, again.status, again.seal) == (first.pk, ReleaseState.APPROVED, first.seal)
    assert again.authors.count() == 1
    assert verify().problem == ""


def test_acts_go_on_from_what_was_laid() -> None:
    with transaction.atomic():
        world.approved()
        transaction.set_rollback(True)
    assert world.monitoring().status == ReleaseState.MONITORING
    assert inserts(lambda: world.draft("2026.12.0")) > 0
    assert verify().problem == ""


def test_what_stood_on_rows_that_are_built_anew_is_built_anew() -> None:
    with transaction.atomic():
        Caller(None)
        world.draft()
        transaction.set_rollback(True)
    buildings = remembered.memory.buildings
    for key, known in buildings.items():
        if key[1].startswith("_keys"):
            buildings[key] = replace(known, at=known.at - remembered.FRESH)
    caller = Caller(None)
    world.draft()
    caller.ok("get", "releases/2026.11.0/")


def test_after_any_other_write_it_is_built() -> None:
    with transaction.atomic():
        world.draft()
        transaction.set_rollback(True)
    token_of("rita", "read")
    assert inserts(world.draft) > 0


def test_at_another_time_it_is_built() -> None:
    with transaction.atomic():
        world.draft()
        transaction.set_rollback(True)
    with clock.at(clock.now() + timedelta(days=1)):
        assert inserts(world.draft) > 0
        assert actor("rita").roles
