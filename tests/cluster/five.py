"""A release of five components on one target of its own, run by the engine; for tests and benchmarks.

Three services, a worker and a schedule, rendered as a content holds them. No bake time unless asked for.
"""

from __future__ import annotations

import hashlib
from typing import Any

from deployments import queries
from deployments.models import DeploymentRun, Environment, Region, Target
from deployments.plan import make_plan
from deployments.services import closing
from deployments.services.start import queue_run
from events import canonical
from platforms.registry import render
from tests.cluster.conftest import Namespace
from tests.cluster.prometheus import Prometheus
from tests.deployments.engine import ACTOR

IMAGES = "registry.example/hmhp"
LIMITS = {"minimum_requests": 20, "error_percent": 5.0, "p95_ms": 5000}
STRATEGY = {"kind": "blue_green", "weights": [25, 50, 100], "limits": LIMITS, "monitoring_seconds": 3600,
            "ready_timeout_seconds": 120, "hold_limit_seconds": 60}  # fmt: skip
KINDS = {"web": "http", "scheduling": "http", "records": "http", "mailer": "worker", "reminders": "schedule"}
ENDS = ("succeeded", "failed", "rolled_back", "cancelled")


def environment_on(space: Namespace, prometheus: Prometheus) -> Environment:
    """The namespace's environment with one target in it."""
    made = Environment.objects.create(name=space.environment, position=0, data_class="production")
    region, _ = Region.objects.get_or_create(name="us-east")
    settings = space.settings(images=IMAGES, metrics=prometheus.settings(space.name))
    Target.objects.create(
        environment=made, region=region, driver="kubernetes", data_class="production", settings=settings
    )
    return made


def queue(
    environment: Environment, version: str, *, bake: int = 0, content: dict[str, Any] | None = None
) -> DeploymentRun:
    """Queue a release of five new components; `content` where it was rendered before."""
    content = content or content_of(environment.name, version)
    strategy = STRATEGY | {"bake_seconds": bake}
    plan = make_plan(strategy, ["us-east"], first=queries.serving(environment) is None, irreversible=False)
    return queue_run(
        environment=environment, kind="deploy", subject=version, release_kind="feature",
        stream=f"release/{environment.name}-{version}", link="", content=content,
        content_hash=canonical.sha256(content), seal="5" * 64, plan=plan, actor=ACTOR,
    )  # fmt: skip


def close(run: DeploymentRun) -> DeploymentRun | None:
    """Close the way back; the run that takes the old colour away, where there is one."""
    return closing.close(run.pk, actor=ACTOR)


def content_of(environment: str, version: str) -> dict[str, Any]:
    """A content with its objects rendered for that environment alone."""
    entries = {
        name: {
            "kind": kind, "edge": name == "web", "drain_seconds": 0, "version": version, "secrets": {},
            "artifact": "sha256:" + hashlib.sha256(f"{name} {version}".encode()).hexdigest(),
            "configuration": {}, "migration": {"class": "none", "hash": ""},
            "manifest": {"command": [name], "health": "/healthz" if kind == "http" else None},
        }
        for name, kind in KINDS.items()
    }  # fmt: skip
    objects, problems = render("kubernetes", entries, environment, {"images": IMAGES})
    assert not problems, problems
    return {"commit": "c" * 40, "base": {}, "components": entries, "objects": {environment: objects}}


def route_weights(entries: list[dict[str, Any]], namespace: str, slot: str) -> list[int]:
    """A colour's weight in every write of a route's rules that the API server was asked for, repeats kept."""
    found: list[int] = []
    for entry in entries:
        body, about = entry.get("requestObject") or {}, entry.get("objectRef") or {}
        wanted = (about.get("namespace"), about.get("resource")) == (namespace, "httproutes")
        if not wanted or "rules" not in (body.get("spec") or {}):
            continue
        refs = body["spec"]["rules"][0]["backendRefs"]
        found.append(sum(ref["weight"] for ref in refs if ref["name"].endswith(slot)))
    return found
