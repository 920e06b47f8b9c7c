"""The world of these tests: targets in memory that keep the drivers' contract, and a clock of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from deployments.models import Environment
from tests.deployments.engine import make_ladder, started_clock
from tests.deployments.local_site import site
from tests.deployments.memory_platform import World
from tests.remembered import from_here

__all__ = ["production", "site", "world"]


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Every target of the test; the clock stands at its start and moves with each look."""
    made = World()
    monkeypatch.setattr("deployments.services.targets.open_platform", made.open)
    with started_clock():
        yield made


@pytest.fixture
def production(world: World) -> Iterator[Environment]:
    """The ladder, two regions in production."""
    if not connection.in_atomic_block:
        yield make_ladder()
        return
    with from_here("nothing"):
        yield make_ladder()
