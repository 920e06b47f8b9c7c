"""The callers of the endpoints under test."""

from __future__ import annotations

import pytest

from tests.api.caller import Caller


@pytest.fixture
def ci(platform: None) -> Caller:
    """A pipeline with a service token."""
    return Caller(None)
