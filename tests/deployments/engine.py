"""Help for tests that drive the engine: a ladder, contents, and looks under a moved clock."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.actors import system
from deployments import queries
from deployments.models import DeploymentRun, Environment, Region, Target
from deployments.plan import make_plan
from deployments.services.reconcile import reconcile
from deployments.services.start import queue_run
from deployments.states import RunState
from events import canonical, clock
from tests.deployments.memory_platform import World
from tests.remembered import remembered

ACTOR = system("test")
START = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
STRATEGY: dict[str, Any] = {
    "kind": "blue_green",
    "weights": [10, 50, 100],
    "bake_seconds": 10,
    "limits": {"minimum_requests": 50, "error_percent": 1.0, "p95_ms": 400},
    "hold_limit_seconds": 120,
    "decide_by_seconds": 600,
    "monitoring_seconds": 3600,
}


@remembered(lambda production: production.pk, lambda pk: Environment.objects.get(pk=pk), fresh=None)
def make_ladder(*, regions: tuple[str, ...] = ("us-east", "eu-central"), **strategy: Any) -> Environment:
    """Development, staging and production; returns production. Staging has the first region alone."""
    rungs = (
        ("development", "synthetic", {}),
        ("staging", "anonymized", {}),
        ("production", "production", STRATEGY | strategy),
    )
    for position, (name, data_class, given) in enumerate(rungs):
        places = regions if name == "production" else regions[:1]
        environment = Environment.objects.create(
            name=name, position=position, data_class=data_class, strategy={**given, "regions": list(places)}
        )
        for place in places:
            region, _ = Region.objects.get_or_create(name=place)
            Target.objects.create(
                environment=environment, region=region, driver="memory", data_class=data_class
            )
    return queries.production()


def component(text: str, kind: str = "http", **more: Any) -> dict[str, Any]:
    """One entry of a content; `text` stands for its bytes."""
    jobs = {"smoke": ["smoke"], "migrate_expand": ["expand"], "migrate_contract": ["contract"]}
    return {
        "kind": kind,
        "edge": kind == "http",
        "drain_seconds": 0,
        "artifact": "sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        "version": text,
        "configuration": {},
        "manifest": {"jobs": jobs if kind == "http" else {}},
        "migration": {"class": "none", "hash": ""},
        "secrets": {},
    } | more


def make_content(version: str, migration: str = "none", base: dict[str, Any] | None = None) -> dict[str, Any]:
    """A web component and a worker, new in every version."""
    web = component(f"web {version}", migration={"class": migration, "hash": version})
    return {
        "commit": "c" * 40,
        "base": base or {},
        "components": {"web": web, "worker": component(f"worker {version}", "worker")},
    }


def queue(version: str, environment: str = "production", **given: Any) -> DeploymentRun:
    """Queue a deploy run of that version, with its proof when production asks for one."""
    where = queries.environment(environment)
    content = given.pop("content", None) or make_content(version, given.pop("migration", "none"))
    content_hash = canonical.sha256(content)
    irreversible = content["components"]["web"]["migration"]["class"] == "irreversible"
    proof = _proof(version, content, content_hash) if queries.needs_proof(where) else None
    strategy = {**where.strategy, **given.pop("strategy", {})}
    strategy.pop("regions", None)
    plan = make_plan(
        strategy,
        queries.regions_of(where),
        first=queries.serving(where) is None,
        irreversible=irreversible,
    )
    wanted: dict[str, Any] = {
        "environment": where,
        "kind": "deploy",
        "subject": version,
        "release_kind": "feature",
        "stream": f"release/{version}",
        "link": f"/releases/{version}/",
        "content": content,
        "content_hash": content_hash,
        "seal": "5" * 64,
        "plan": plan,
        "actor": ACTOR,
        "proved_by": proof,
    }
    return queue_run(**(wanted | given))


def _proof(version: str, content: dict[str, Any], content_hash: str) -> DeploymentRun:
    """A run that succeeded on staging with this content; how it got there is staging's own test."""
    staging = queries.environment("staging")
    found = queries.proof_of(staging, content_hash)
    return found or DeploymentRun.objects.create(
        environment=staging,
        subject=version,
        stream=f"release/{version}",
        slot=content_hash[:8],
        content=content,
        content_hash=content_hash,
        plan=make_plan({}, ["us-east"], first=True, irreversible=False),
        state=RunState.SUCCEEDED.value,
        started_by=ACTOR.id,
        queued_at=clock.now(),
        started_at=clock.now(),
        ended_at=clock.now(),
        closed_at=clock.now(),
    )


def again(run: DeploymentRun) -> DeploymentRun:
    """The run as it stands now."""
    return queries.run(run.pk)


def look(run: DeploymentRun, times: int = 1, *, every: float = 1.0) -> DeploymentRun:
    """So many looks, that many seconds apart by the portal's clock."""
    for _ in range(times):
        clock.advance(timedelta(seconds=every))
        reconcile(run.pk)
    return again(run)


def look_until(
    run: DeploymentRun,
    reached: Callable[[DeploymentRun], bool],
    *,
    every: float = 1.0,
    at_most: int = 400,
    before_look: Callable[[], None] = lambda: None,
) -> DeploymentRun:
    """Look until something holds; fails with the run's sentence when it never does."""
    for _ in range(at_most):
        if reached(again(run)):
            return again(run)
        before_look()
        look(run, every=every)
    now = again(run)
    raise AssertionError(f"never reached; {now.state}: {now.sentence}")


def state_is(*states: RunState) -> Callable[[DeploymentRun], bool]:
    """Has the run one of these states?"""
    return lambda run: run.run_state in states


def step_runs(title: str) -> Callable[[DeploymentRun], bool]:
    """Does the step with this title run?"""
    return lambda run: run.steps.filter(title=title, state="running").exists()


def finish_others(environment: Environment) -> None:
    """Let queued retire runs of an environment happen."""
    for run in list(queries.waiting_runs(environment).filter(kind="retire")):
        look_until(run, state_is(RunState.SUCCEEDED, RunState.FAILED))


def deploy(world: World, version: str, **given: Any) -> DeploymentRun:
    """Bring a version to production, with healthy traffic, until it has succeeded."""
    run = queue(version, **given)
    look_until(run, state_is(RunState.SUCCEEDED), every=5, before_look=lambda: world.serve(400))
    return again(run)


def serving_version(world: World, version: str = "1.0.0", **given: Any) -> DeploymentRun:
    """A version that serves production with its way back closed: the ordinary start of a test."""
    if world.targets or clock.now() - START > timedelta(seconds=5):
        return _serve(world, version, given)[0]
    run, targets, moment = _serving(world, version, given)
    if not world.targets:
        world.targets = copy.deepcopy(targets)
        clock.advance(moment - clock.now())
    return run


def _serve(world: World, version: str, given: dict[str, Any]) -> tuple[DeploymentRun, Any, datetime]:
    """It, and what it left in memory: the targets, and the time."""
    from deployments.services import closing

    run = deploy(world, version, **given)
    closing.close(run.pk, actor=ACTOR)
    finish_others(run.environment)
    return again(run), world.targets, clock.now()


_serving = remembered(
    lambda made: (made[0].pk, copy.deepcopy(made[1]), made[2]),
    lambda kept: (queries.run(kept[0]), *kept[1:]),
    fresh=None,
)(_serve)


@contextmanager
def started_clock() -> Iterator[None]:
    """The portal's clock at START, moved by `look`."""
    with clock.at(START):
        yield
