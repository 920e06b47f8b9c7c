"""The double of the engine's tests keeps the same contract as every driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from platforms.base import ComponentSpec, Platform, SlotSpec
from tests.deployments.memory_platform import MemoryPlatform
from tests.platforms.contract import PlatformContract


class MemorySubject:
    """A fresh target in memory."""

    def __init__(self) -> None:
        self.memory = MemoryPlatform("staging", "us-east", "synthetic")
        self.memory.missing_artifacts = {"sha256:" + "0" * 64}
        self.memory.failing_jobs = {("web", "fail")}
        self.platform: Platform = self.memory

    def slot(self, name: str) -> SlotSpec:
        return self._slot(name, "sha256:" + "a" * 64)

    def without_artifact(self, name: str) -> SlotSpec:
        return self._slot(name, "sha256:" + "0" * 64)

    def eventually(self, condition: Callable[[], Any]) -> Any:
        value = condition()
        assert value
        return value

    def _slot(self, name: str, artifact: str) -> SlotSpec:
        jobs = {"jobs": {"good": ["x"], "fail": ["y"]}}
        web = ComponentSpec("web", "http", artifact, edge=True, manifest=jobs)
        return SlotSpec(
            name, f"release {name}", (web, ComponentSpec("worker", "worker", "sha256:" + "b" * 64))
        )


class TestMemoryPlatform(PlatformContract):
    """The contract suite against it."""

    @pytest.fixture
    def subject(self) -> MemorySubject:
        return MemorySubject()
