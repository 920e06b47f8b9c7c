"""The local driver keeps the contract, with a real agent and real processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from platforms.base import SlotSpec
from tests.platforms.agent_fixture import Parts, eventually
from tests.platforms.contract import PlatformContract


class LocalSubject:
    """A target of a real agent."""

    def __init__(self, parts: Parts) -> None:
        self.platform = parts.open()
        self._parts = parts

    def slot(self, name: str) -> SlotSpec:
        return self._parts.slot(name)

    def without_artifact(self, name: str) -> SlotSpec:
        return self._parts.without_artifact(name)

    def eventually(self, condition: Callable[[], Any]) -> Any:
        return eventually(condition)


class TestLocalDriver(PlatformContract):
    @pytest.fixture
    def subject(self, parts: Parts) -> LocalSubject:
        return LocalSubject(parts)
