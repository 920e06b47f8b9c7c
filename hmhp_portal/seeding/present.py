"""The demo's present: the newest release of the past really runs, one waits for signatures, one is a draft.

Here nothing is played: the real targets run the example's artefacts, and the engine stages the waiting
release on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from deployments import queries as deployments
from deployments.models import DeploymentRun, Environment
from deployments.services import targets
from deployments.services.content import slot_spec
from deployments.services.reconcile import reconcile
from deployments.states import RunState
from events import clock
from hmhp_portal.seeding import paperwork
from hmhp_portal.seeding.bringing import commit_of
from hmhp_portal.seeding.cast import Cast
from hmhp_portal.seeding.playing import under_way
from notifications.services import reading
from platforms.base import JobSpec, Platform, Routing
from releases import queries
from releases.services import create, stage
from releases.services.advance import advance
from releases.states import ReleaseState

PATIENCE = 180.0
"""Seconds that a part of the example may take to be ready on a slow machine, or while its image comes."""

T = TypeVar("T")


def place(environment: Environment) -> None:
    """Have the content that serves an environment, and nothing else, run on its real targets."""
    run = deployments.serving(environment)
    if run is None:
        return
    environment = Environment.objects.get(pk=environment.pk)
    for target in targets.live_targets(environment).values():
        _place(targets.open_target(target), environment.fence, run)
        targets.remember({target: targets.open_target(target).observe()})


def _place(platform: Platform, fence: int, run: DeploymentRun) -> None:
    spec = slot_spec(run)
    seen = platform.observe()
    fence = max(fence, seen.fence)
    platform.ensure(fence, spec)
    for component in spec.components:
        if "migrate_expand" in component.manifest.get("jobs", {}):
            _migrate(platform, fence, run, component.name)
    _wait(lambda: _ready(platform, spec.slot), f"{run.subject} in {seen.region}")
    platform.switch(fence, Routing({spec.slot: 100}, spec.slot))
    for left in seen.slots:
        if left.slot != spec.slot:
            platform.retire(fence, left.slot)


def _migrate(platform: Platform, fence: int, run: DeploymentRun, component: str) -> None:
    spec = slot_spec(run)
    job = JobSpec(f"seed:{run.pk}:{component}", spec.slot, component, "migrate_expand")
    result = _wait(lambda: _ended(platform, fence, run, job), f"the migration of {component}")
    if result != "succeeded":
        raise RuntimeError(f"The example's migration of {component} failed.")


def _ended(platform: Platform, fence: int, run: DeploymentRun, job: JobSpec) -> str | None:
    state = platform.run_job(fence, slot_spec(run), job).state
    return None if state == "running" else state


def _ready(platform: Platform, slot: str) -> bool:
    state = platform.observe().slot(slot)
    return state is not None and state.ready


def _wait(condition: Callable[[], T], what: str) -> T:
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"The example platform did not come up: {what}.")
        time.sleep(0.1)
    return found


def make_waiting(version: str, cast: Cast, host: str, parts: Mapping[str, Any]) -> None:
    """A release that staging has proved and that waits for its three signatures."""
    with clock.at(clock.now() - timedelta(hours=30)):
        create.create(
            actor=cast.ci,
            version=version,
            kind="feature",
            commit=commit_of(version),
            components={name: entry_of(part) for name, part in parts.items()},
            authors=[cast.author(host)],
            title="Reminders by the patient's own channel",
            notes="Patients choose whether a reminder comes as a message, an e-mail or a call.",
        )
        paperwork.check(version, cast)
    run = stage.stage(version, actor=cast.ci)
    _wait(lambda: _staged(version, run.pk), f"{version} on staging")
    paperwork.validate(version, cast, pace=timedelta(0))
    opens = clock.now()
    paperwork.state_facts(version, cast)
    paperwork.ask(version, cast, opens, opens + timedelta(hours=12))
    reading.read(deliver=False)


def _staged(version: str, run_id: int) -> bool:
    for pending in under_way():
        reconcile(pending)
    release = queries.get(version)
    advance(release.pk)
    status = queries.get(version).status
    if status == ReleaseState.DRAFT:
        run = DeploymentRun.objects.get(pk=run_id)
        raise RuntimeError(f"{version} did not pass staging: {run.sentence}")
    return status == ReleaseState.VALIDATING and _ended_well(run_id)


def _ended_well(run_id: int) -> bool:
    return DeploymentRun.objects.get(pk=run_id).run_state == RunState.SUCCEEDED


def make_draft(version: str, cast: Cast, host: str, parts: Mapping[str, Any]) -> None:
    """A draft whose scheduling service fails one request in twelve: it will come back by itself."""
    with clock.at(clock.now() - timedelta(hours=4)):
        create.create(
            actor=cast.ci,
            version=version,
            kind="bugfix",
            commit=commit_of(version),
            components={name: entry_of(part) for name, part in parts.items()},
            authors=[cast.author(host)],
            title="Quicker search for free slots",
            notes="The search looks at one week first. Try this one: it fails some requests and comes back.",
        )


def entry_of(part: Any) -> dict[str, Any]:
    """A component as CI would name it."""
    entry: dict[str, Any] = {"artifact": part.artifact, "version": part.version}
    if part.configuration:
        entry["configuration"] = dict(part.configuration)
    if part.migration != "none":
        entry["migration"] = {"class": part.migration, "hash": part.artifact[:23]}
    return entry
