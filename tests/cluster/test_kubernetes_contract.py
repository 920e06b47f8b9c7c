"""The Kubernetes driver keeps the contract on a real API server, under the Role of deploy/kubernetes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from platforms.base import SlotSpec
from tests.cluster.conftest import Namespace, eventually
from tests.platforms.contract import PlatformContract


class KubernetesSubject:
    """A target in a namespace of its own."""

    def __init__(self, namespace: Namespace) -> None:
        self.platform = namespace.open()
        self._namespace = namespace

    def slot(self, name: str) -> SlotSpec:
        return self._namespace.slot(name)

    def without_artifact(self, name: str) -> SlotSpec:
        """What a cluster cannot find is a component without objects; images it looks for when it pulls."""
        whole = self.slot(name)
        return replace(whole, components=(replace(whole.components[0], objects=()), *whole.components[1:]))

    def eventually(self, condition: Callable[[], Any]) -> Any:
        return eventually(condition)


class TestKubernetesDriver(PlatformContract):
    @pytest.fixture
    def subject(self, namespace: Namespace) -> KubernetesSubject:
        return KubernetesSubject(namespace)
