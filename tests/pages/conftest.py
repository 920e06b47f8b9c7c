"""Every test here has the platform and the cast."""

from __future__ import annotations

import pytest

from tests.releases import world


@pytest.fixture
def platform(db: None) -> None:
    """A small platform, loaded by its platform file, and the whole cast."""
    world.build()
