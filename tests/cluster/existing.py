"""A control plane that somebody else runs, named by KUBECONFIG_UNDER_TEST; for other versions and makes.

It must have no nodes of its own: the stand-ins of these tests play them. What the tests make there is
namespaces, nodes and the Gateway API's definitions; faults of the server itself are not played on it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from platforms.kubernetes.connection import Connection
from platforms.kubernetes.settings import ClusterSettings
from tests.cluster.binaries import Binaries
from tests.cluster.plane import ControlPlane


class ExistingPlane(ControlPlane):
    """The cluster of a kubeconfig's current context, as its user."""

    def __init__(self, kubeconfig: Path, binaries: Binaries | None) -> None:
        self._connection = Connection(ClusterSettings("default", kubeconfig=str(kubeconfig)))
        self.folder = Path(tempfile.mkdtemp(prefix="hmhp-existing-"))
        self.server = self._connection.host
        self._crds = binaries.crds if binaries else None
        self._children = {}
        self.audit = False
        document = yaml.safe_load(kubeconfig.read_text())
        contexts = {c["name"]: c["context"] for c in document["contexts"]}
        clusters = {c["name"]: c["cluster"] for c in document["clusters"]}
        self._cluster = clusters[contexts[document["current-context"]]["cluster"]]

    def start(self) -> None:
        """Have the definitions of the Gateway API there."""
        for path in sorted(self._crds.glob("*.yaml")) if self._crds else ():
            body = yaml.safe_load(path.read_text())
            self.status("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
        self.wait(lambda: self.status("GET", "/apis/gateway.networking.k8s.io/v1/httproutes") == 200)

    def stop(self) -> None:
        """Leave it as it is; the tests' namespaces are gone already."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave(self, namespace: str) -> None:
        """Take the test's namespace away."""
        self.status("DELETE", f"/api/v1/namespaces/{namespace}")

    def stop_apiserver(self, number: Any = None) -> None:
        """Not ours to stop."""
        pytest.skip("plays with the API server itself, which is somebody else's (KUBECONFIG_UNDER_TEST)")

    def cluster_entry(self) -> dict[str, Any]:
        """How the kubeconfig describes it."""
        return dict(self._cluster)

    def headers(self) -> dict[str, str]:
        """As the kubeconfig's user."""
        return self._connection.headers()

    def pool(self) -> Any:
        """Connections with the kubeconfig's trust and certificate."""
        return self._connection.pool
