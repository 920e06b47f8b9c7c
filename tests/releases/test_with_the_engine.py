"""The whole job on the real engine, over targets in memory: staged, signed, shifted, watched, completed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from deployments import queries as deployments
from deployments.models import DeploymentRun
from deployments.services.reconcile import reconcile
from events import clock
from releases.models import Release
from releases.services import deciding, rollback, stage, starting, submit
from releases.services.sweep import sweep
from releases.states import ReleaseState
from tests.cast import actor
from tests.deployments.engine import started_clock
from tests.deployments.memory_platform import World
from tests.releases import world

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def targets(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The platform and the cast, with targets in memory under a clock of their own."""
    made = World()
    monkeypatch.setattr("deployments.services.targets.open_platform", made.open)
    with started_clock():
        environments = world.document()["environments"]
        environments[-1]["strategy"] = {**world.STRATEGY, "monitoring_seconds": 40}
        world.build(environments=environments)
        yield made


def until(targets: World, release: Release, state: ReleaseState, serve: Callable[[], None]) -> Release:
    """Let both sweeps run, ten seconds apart, until the release is there."""
    for _ in range(400):
        clock.advance(timedelta(seconds=10))
        serve()
        for run_id in DeploymentRun.objects.exclude(next_look_at=None).values_list("pk", flat=True):
            reconcile(run_id)
        sweep()
        if world.again(release).status == state:
            return world.again(release)
    raise AssertionError(f"still {world.again(release).state}")


def ship(targets: World, version: str, letter: str) -> Release:
    """From nothing to a started production run."""
    release = world.draft(version, components=world.whole(letter))
    stage.stage(version, actor=actor("dana"))
    until(targets, release, ReleaseState.VALIDATING, lambda: None)
    world.record_all(release)
    submit.submit(version, actor=actor("rita"))
    world.sign(release)
    world.open_window(release)
    deciding.decide(version, actor=actor("rita"), answer="go", seal=world.again(release).seal)
    world.brief(release)
    starting.deploy(version, actor=actor("devon"), seal=world.again(release).seal)
    return world.again(release)


def healthy(targets: World) -> Callable[[], None]:
    return lambda: targets.serve(400)


def test_release_goes_from_draft_to_completed(targets: World) -> None:
    release = ship(targets, "2026.10.0", "a")
    until(targets, release, ReleaseState.COMPLETED, healthy(targets))
    second = ship(targets, "2026.11.0", "b")
    until(targets, second, ReleaseState.MONITORING, healthy(targets))
    until(targets, second, ReleaseState.COMPLETED, healthy(targets))
    assert deployments.serving(deployments.production()).subject == "2026.11.0"


def test_release_that_is_rolled_back_by_a_person_locks_production(targets: World) -> None:
    first = ship(targets, "2026.10.0", "a")
    until(targets, first, ReleaseState.COMPLETED, healthy(targets))
    second = ship(targets, "2026.11.0", "b")
    until(targets, second, ReleaseState.MONITORING, healthy(targets))
    rollback.rollback(second.version, actor=actor("sue"), reason="Calls pile up.")
    until(targets, second, ReleaseState.ROLLED_BACK, healthy(targets))
    assert deployments.serving(deployments.production()).subject == "2026.10.0"
    assert deployments.open_lock(deployments.production()) is not None
