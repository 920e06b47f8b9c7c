"""A whole platform on a real API server: an environment is a namespace, production has two of them.

Releases are made, signed and run by the services that pages and API call; looks are the engine's own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deployments import queries as deployments
from deployments.models import DeploymentRun
from deployments.services.reconcile import reconcile
from deployments.states import RunState
from events import clock
from releases.models import Release
from releases.services import deciding, stage, starting, submit
from releases.services.sweep import sweep
from releases.states import ReleaseState
from tests.cast import actor
from tests.cluster.conftest import Namespace
from tests.cluster.prometheus import Prometheus
from tests.releases import world

STRATEGY: dict[str, Any] = {
    "kind": "blue_green",
    "weights": [25, 50, 100],
    "bake_seconds": 2,
    "limits": {"minimum_requests": 20, "error_percent": 1.0, "p95_ms": 400},
    "monitoring_seconds": 4,
    "ready_timeout_seconds": 60,
    "job_timeout_seconds": 60,
}
JOBS = {"smoke": ["smoke"], "migrate_expand": ["expand"], "migrate_contract": ["contract"]}
COMPONENTS: list[dict[str, Any]] = [
    {
        "name": "web",
        "kind": "http",
        "edge": True,
        "manifest": {"command": ["web"], "jobs": {"smoke": ["smoke"]}},
    },
    {"name": "records", "kind": "http", "manifest": {"command": ["records"], "jobs": JOBS}},
    {"name": "mailer", "kind": "worker", "manifest": {"command": ["mailer"]}},
]
PLACES = (
    ("development", "us-east"),
    ("staging", "us-east"),
    ("production", "us-east"),
    ("production", "eu-central"),
)


@dataclass
class ClusterPlatform:
    """The portal's tables, the namespaces behind them, and what visitors did."""

    namespaces: dict[tuple[str, str], Namespace]
    prometheus: Prometheus
    staged: bool = True
    """Do releases really run on staging? Else that run is only written down."""
    smoked: bool = True
    """Do components bring smoke jobs?"""

    def load(self, strategy: dict[str, Any] | None = None, **changes: Any) -> None:
        """Load the platform file; `changes` replace its sections."""
        environments = world.document()["environments"]
        environments[-1]["strategy"] = {**STRATEGY, **(strategy or {})}
        given = {"components": COMPONENTS, "targets": self.targets(), "environments": environments, **changes}
        if not self.smoked:
            given["components"] = [_without_jobs(component) for component in given["components"]]
        world.build(**given)

    def targets(self) -> list[dict[str, Any]]:
        """The targets of the platform file."""
        classes = {"development": "synthetic", "staging": "anonymized", "production": "production"}
        return [
            {
                "environment": environment,
                "region": region,
                "driver": "kubernetes",
                "data_class": classes[environment],
                "settings": namespace.settings(
                    images="registry.example/hmhp", metrics=self.prometheus.settings(namespace.name)
                ),
            }
            for (environment, region), namespace in self.namespaces.items()
        ]

    def in_review(self, version: str, letter: str) -> Release:
        """A release that was staged and validated and is asked to be signed."""
        if not self.staged:
            return world.in_review(version, components=world.whole(letter))
        release = world.draft(version, components=world.whole(letter))
        stage.stage(version, actor=actor("dana"))
        self.until(release, ReleaseState.VALIDATING)
        world.record_all(release)
        submit.submit(version, actor=actor("rita"))
        return world.again(release)

    def ship(self, version: str, letter: str) -> Release:
        """From nothing to a started production run."""
        release = self.in_review(version, letter)
        world.sign(release)
        world.open_window(release)
        deciding.decide(version, actor=actor("rita"), answer="go", seal=world.again(release).seal)
        world.brief(release)
        starting.deploy(version, actor=actor("devon"), seal=world.again(release).seal)
        return world.again(release)

    def until(self, release: Release, state: ReleaseState, seconds: float = 90) -> Release:
        """Look and sweep, a second of the portal's clock each time, until the release is there."""
        self.look_until(lambda: world.again(release).status == state, seconds)
        return world.again(release)

    def look_until(self, reached: Callable[[], bool], seconds: float = 90) -> None:
        """Look at every run, with visitors, until something holds."""
        deadline = time.monotonic() + seconds
        told: list[Any] = []
        while not reached():
            before, told = told, list(DeploymentRun.objects.values_list("subject", "state", "sentence"))
            assert time.monotonic() < deadline, told
            self.look()
            time.sleep(0.3 if told == before else 0.02)  # a job takes a second, and a look costs a tenth

    def look(self) -> None:
        """One look at every run that has one booked, and a sweep of the releases."""
        clock.advance(timedelta(seconds=1))
        for (environment, _), namespace in self.namespaces.items():
            if environment == "production":
                self.prometheus.visit(namespace.name)
        for run_id in DeploymentRun.objects.exclude(next_look_at=None).values_list("pk", flat=True):
            reconcile(run_id)
        sweep()

    def dead_kubeconfig(self) -> str:
        """A kubeconfig of a server that is not there."""
        plane = self.namespaces["production", "us-east"].plane
        return str(plane.kubeconfig("nobody", server="https://127.0.0.1:9"))

    def run(self, release: Release) -> DeploymentRun:
        """The release's run in production as it stands."""
        found = world.again(release).production_run
        assert found is not None
        return deployments.run(found.pk)

    def weights(self, region: str = "us-east") -> dict[str, int]:
        """What the route on the API server says, zeros left out."""
        (route,) = self.namespaces["production", region].get("gateway.networking.k8s.io/v1/httproutes")[
            "items"
        ]
        refs = route["spec"]["rules"][0]["backendRefs"]
        return {ref["name"].removeprefix("web-"): ref["weight"] for ref in refs if ref["weight"]}

    def step(self, release: Release, kind: str, weight: int | None = None) -> Callable[[], bool]:
        """Does such a step of the release's production run run now?"""
        chosen = {"kind": kind, "state": "running"} | ({"weight": weight} if weight else {})
        return lambda: self.run(release).steps.filter(**chosen).exists()

    def ended(self, release: Release) -> bool:
        """Has the release's production run ended?"""
        return self.run(release).run_state not in (RunState.QUEUED, RunState.RUNNING, RunState.ROLLING_BACK)


def place_names() -> dict[tuple[str, str], str]:
    """A namespace for each target."""
    mark = os.urandom(3).hex()
    return {place: f"{place[0][:4]}-{place[1]}-{mark}" for place in PLACES}


def _without_jobs(component: dict[str, Any]) -> dict[str, Any]:
    manifest = {key: value for key, value in component["manifest"].items() if key != "jobs"}
    return {**component, "manifest": manifest}
