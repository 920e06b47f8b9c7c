"""One control plane for this folder, and for each test a namespace in which the portal has its Role."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from platforms.base import ComponentSpec, SlotSpec
from platforms.kubernetes.driver import KubernetesPlatform
from platforms.kubernetes.render import Place, render
from tests.cluster import binaries
from tests.cluster.existing import ExistingPlane
from tests.cluster.plane import ACCOUNT, ControlPlane
from tests.cluster.standins import Standins

if TYPE_CHECKING:
    from tests.cluster.platform import ClusterPlatform

ROOT = Path(__file__).resolve().parents[2]
DIGESTS = {"web": "sha256:" + "a" * 64, "worker": "sha256:" + "b" * 64, "reminders": "sha256:" + "c" * 64}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "plane" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="package")
def plane() -> Iterator[ControlPlane]:
    """A running control plane; skipped with its sentence where there is none."""
    given = os.environ.get("KUBECONFIG_UNDER_TEST")
    found = binaries.build() if os.environ.get("PORTAL_BUILD_CONTROLPLANE") else binaries.find()
    if found is None and not given:
        pytest.skip(binaries.SKIP)
    made = ExistingPlane(Path(given), found) if given else ControlPlane(found, audit=True)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="package")
def shared_standins(plane: ControlPlane) -> Iterator[Standins]:
    """Kubelets and the gateway's controller for all tests here."""
    made = Standins(plane)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def standins(shared_standins: Standins) -> Iterator[Standins]:
    """The stand-ins as they are at first."""
    yield shared_standins
    shared_standins.refusing, shared_standins.silent_gateway, shared_standins.delay = "", False, 0.0
    shared_standins.digests.clear()
    shared_standins.let_end()


@dataclass
class Namespace:
    """A namespace of the test's own, and targets in it."""

    plane: ControlPlane
    name: str
    token: str
    environment: str = "staging"
    place: Place = field(default_factory=lambda: Place("staging", "registry.example/hmhp"))

    def settings(self, **change: Any) -> dict[str, Any]:
        """A target's settings as the platform file has them."""
        own = {
            "namespace": self.name,
            "kubeconfig": str(self.plane.kubeconfig(self.token)),
            "gateway": {"name": "edge", "namespace": "gateways"},
        }
        return {k: v for k, v in (own | change).items() if v is not None}

    def open(self, region: str = "us-east", **change: Any) -> KubernetesPlatform:
        """The driver of a target."""
        return KubernetesPlatform(self.environment, region, "synthetic", self.settings(**change))

    def slot(self, name: str, *components: ComponentSpec) -> SlotSpec:
        """A slot of rendered components; without any the usual web and worker."""
        parts = components or (component("web"), component("worker", "worker"))
        return SlotSpec(name, f"release of {name}", rendered(self.place, *parts))

    def get(self, path: str) -> dict[str, Any]:
        """An object or list below the namespace, as an administrator: `apps/v1/deployments`."""
        root, *rest = path.split("/")
        if root == "v1":
            return self.plane.call("GET", f"/api/v1/namespaces/{self.name}/{'/'.join(rest)}")
        version, *rest = rest
        return self.plane.call("GET", f"/apis/{root}/{version}/namespaces/{self.name}/{'/'.join(rest)}")

    def least(self, name: str) -> int:
        """The minimum of an autoscaler."""
        return int(self.get(f"autoscaling/v2/horizontalpodautoscalers/{name}")["spec"]["minReplicas"])

    def working(self, slot: str) -> list[str]:
        """The worker's pods in a colour."""
        return [name for name in self.names("v1/pods") if name.startswith(f"worker-{slot}-")]

    def told_to_work(self) -> set[str]:
        """Workers with replicas and schedules that are not suspended."""
        workers = {
            d["metadata"]["name"] for d in self.get("apps/v1/deployments")["items"] if d["spec"]["replicas"]
        }
        crons = self.get("batch/v1/cronjobs")["items"]
        running = {c["metadata"]["name"] for c in crons if not c["spec"].get("suspend")}
        return {name for name in workers if name.startswith("worker")} | running

    def names(self, path: str) -> set[str]:
        """The names of all objects of a kind."""
        return {item["metadata"]["name"] for item in self.get(path)["items"]}


def component(name: str, kind: str = "http", **given: Any) -> ComponentSpec:
    """A component of the tests; `kubernetes=` is its section, the rest goes to the spec."""
    manifest: dict[str, Any] = {"command": ["serve"], "kubernetes": given.pop("kubernetes", {})}
    if kind == "http":
        manifest |= {"health": "/healthz", "jobs": {"good": ["migrate"], "fail": ["migrate", "fail"]}}
    artifact = given.pop("artifact", DIGESTS.get(name, "sha256:" + "d" * 64))
    return ComponentSpec(name, kind, artifact, edge=kind == "http", manifest=manifest, **given)  # type: ignore[arg-type]


def rendered(place: Place, *components: ComponentSpec) -> tuple[ComponentSpec, ...]:
    """The components with their objects, as a content holds them."""
    entries = {
        c.name: {
            "kind": c.kind,
            "artifact": c.artifact,
            "edge": c.edge,
            "manifest": c.manifest,
            "configuration": dict(c.configuration),
            "drain_seconds": c.drain_seconds,
        }
        for c in components
    }
    objects, problems = render(entries, place)
    assert problems == []
    return tuple(replace(c, objects=tuple(objects[c.name])) for c in components)


def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait until the condition holds and return its value."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "never true"
        time.sleep(0.05)
    return found


def make_namespace(plane: ControlPlane, name: str, environment: str = "staging") -> Namespace:
    """A namespace in which the Role of deploy/kubernetes is bound to the portal's account."""
    plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    account = {"metadata": {"name": ACCOUNT}}
    plane.call("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)
    for document in yaml.safe_load_all((ROOT / "deploy/kubernetes/role.yaml").read_text()):
        for subject in document.get("subjects", ()):
            subject["namespace"] = name
        root = f"/apis/{document['apiVersion']}/namespaces/{name}"
        plane.call("POST", f"{root}/{document['kind'].lower()}s", document)
    place = Place(environment, "registry.example/hmhp")
    return Namespace(plane, name, plane.token(name), environment, place)


@pytest.fixture
def namespace(plane: ControlPlane, standins: Standins) -> Iterator[Namespace]:
    """A fresh namespace for one target."""
    made = make_namespace(plane, f"t-{os.urandom(4).hex()}")
    yield made
    plane.leave(made.name)


@pytest.fixture
def cluster(db: None, plane: ControlPlane, standins: Standins) -> Iterator[ClusterPlatform]:
    """The whole platform on namespaces of the test's own, the portal's clock moved by each look."""
    from tests.cluster.platform import ClusterPlatform, place_names
    from tests.cluster.prometheus import Prometheus
    from tests.deployments.engine import started_clock

    prometheus = Prometheus(plane)
    made = {place: make_namespace(plane, name, place[0]) for place, name in place_names().items()}
    with started_clock():
        yield ClusterPlatform(made, prometheus)
    prometheus.close()
    for space in made.values():
        plane.leave(space.name)
