"""An environment in two regions of a real local agent, with the example's releases; a pytest plugin."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import yaml
from django.conf import settings

from deployments import queries
from deployments.models import DeploymentRun, Environment, Region, Target
from deployments.plan import make_plan
from deployments.services import closing
from deployments.services.reconcile import reconcile
from deployments.services.start import queue_run
from deployments.states import RunState
from events import canonical
from tests.deployments.engine import ACTOR, again, state_is
from tests.platforms.agent_fixture import ROOT, TOKEN, ExamplePlatform, LocalAgent

SERVER = os.environ.get("PORTAL_TARGET_DATABASE_URL", "")
STRATEGY: dict[str, Any] = {
    "kind": "blue_green",
    "weights": [20, 100],
    "bake_seconds": 2,
    "limits": {"minimum_requests": 10, "error_percent": 1.0, "p95_ms": 1000, "p95_ratio": 20},
    "monitoring_seconds": 60,
    "ready_timeout_seconds": 60,
    "job_timeout_seconds": 60,
}


@dataclass(frozen=True)
class Site:
    """One environment in two regions of one agent, and the example's releases."""

    environment: Environment
    agent: LocalAgent
    releases: ExamplePlatform

    def queue(self, release: str, **strategy: Any) -> DeploymentRun:
        """Queue one of the example's releases."""
        content = self._content(release)
        serving = queries.serving(self.environment)
        plan = make_plan(
            {**STRATEGY, **strategy},
            queries.regions_of(self.environment),
            first=not serving,
            irreversible=False,
        )
        return queue_run(
            environment=self.environment, kind="deploy", subject=release, release_kind="feature",
            stream=f"release/{release}", link="", content=content, content_hash=canonical.sha256(content),
            seal="5" * 64, plan=plan, actor=ACTOR,
        )  # fmt: skip

    def serving(self, release: str) -> DeploymentRun:
        """That release in production, its way back closed."""
        run = until(self.queue(release), state_is(RunState.SUCCEEDED))
        contracting = closing.close(run.pk, actor=ACTOR)
        if contracting is not None:
            until(contracting, state_is(RunState.SUCCEEDED))
        return again(run)

    def blue(self) -> DeploymentRun:
        """What serves, with nothing left to be taken down; a good release where nothing does."""
        for run in queries.waiting_runs(self.environment):
            until(run, state_is(RunState.SUCCEEDED))
        return queries.serving(self.environment) or self.serving("good-1")

    def edge(self, region: str = "us-east") -> str:
        """Host and port of the public address there."""
        seen = self.agent.open(self.environment.name, region, "production").observe()
        return seen.addresses["patient-web"].removeprefix("http://")

    def weights(self, region: str) -> dict[str, int]:
        """What the proxy says is in force."""
        seen = self.agent.open(self.environment.name, region, "production").observe()
        return {slot: weight for slot, weight in seen.weights.items() if weight}

    def _content(self, release: str) -> dict[str, Any]:
        document = yaml.safe_load((ROOT / "examples/platform.yaml").read_text())
        parts = {}
        for raw in document["components"]:
            built = self.releases.releases[release][raw["name"]]
            parts[raw["name"]] = {
                "kind": raw["kind"], "edge": raw.get("edge", False), "artifact": built.artifact,
                "version": built.version, "drain_seconds": raw.get("drain_seconds", 0), "configuration": {},
                "manifest": raw["manifest"], "secrets": {},
                "migration": {"class": built.migration, "hash": built.version},
            }  # fmt: skip
        return {"commit": "c" * 40, "base": {}, "components": parts}


@pytest.fixture
def site(local_agent: LocalAgent, example_platform: ExamplePlatform) -> Iterator[Site]:
    """A fresh environment, gone after the test."""
    with open_site(local_agent, example_platform) as opened:
        yield opened


@contextmanager
def open_site(agent: LocalAgent, releases: ExamplePlatform) -> Iterator[Site]:
    """A fresh environment whose database, and agent, are gone at the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "LOCAL_AGENT_SOCKET", str(agent.socket))
        patch.setattr(settings, "LOCAL_AGENT_TOKEN", TOKEN)
        name, opened = _make_site(agent, releases)
        yield opened
    agent.stop()
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "hmhp_{name}" WITH (FORCE)')
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [f"hmhp_{name}"]).fetchone():
            connection.execute(f'DROP ROLE "hmhp_{name}"')


def _make_site(agent: LocalAgent, releases: ExamplePlatform) -> tuple[str, Site]:
    name = f"test{os.urandom(4).hex()}"
    environment = Environment.objects.create(name=name, position=0, data_class="production")
    for place in ("us-east", "eu-central"):
        Target.objects.create(
            environment=environment, region=Region.objects.create(name=place), driver="local",
            data_class="production", settings={"artifacts": str(agent.artifacts)},
        )  # fmt: skip
    return name, Site(environment, agent, releases)


def until(
    run: DeploymentRun, reached: Callable[[DeploymentRun], bool], seconds: float = 180.0
) -> DeploymentRun:
    """Look, as the sweep would, until something holds."""
    deadline = time.monotonic() + seconds
    while not reached(now := again(run)):
        assert time.monotonic() < deadline, f"{now.state}: {now.sentence}"
        reconcile(run.pk)
        time.sleep(0.4)
    return again(run)
