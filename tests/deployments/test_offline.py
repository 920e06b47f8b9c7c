"""A way back past the portal: the run follows it before it writes, and tells whose act it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployments.models import DeploymentRun
from deployments.services import steer, way_back
from deployments.services.targets import live_targets
from deployments.states import RunState
from events.models import Event
from tests.cast import actor
from tests.deployments.engine import (
    again,
    deploy,
    look,
    look_until,
    make_ladder,
    queue,
    serving_version,
    state_is,
    step_runs,
)
from tests.deployments.memory_platform import World

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "run.sent_back_offline"


@pytest.fixture
def half_way(world: World) -> DeploymentRun:
    """A run that has given green half of us-east."""
    make_ladder()
    serving_version(world)
    run = queue("1.1.0")
    return look_until(run, step_runs("50 % in us-east"), every=5, before_look=lambda: world.serve(400))


def told(run: DeploymentRun) -> list[Event]:
    return list(Event.objects.filter(stream=run.stream, kind=KIND))


def test_look_that_sees_the_mark_goes_back_before_it_writes_anything(
    world: World, half_way: DeploymentRun
) -> None:
    assert half_way.blue is not None
    blue, target = half_way.blue.slot, world.at("us-east")
    look(half_way, 1)
    before = len(target.history)
    target.act_past_portal({blue: 100}, "Dana at the console", "Errors everywhere")
    run = look_until(half_way, state_is(RunState.ROLLED_BACK))
    greens = [weights.get(run.slot, 0) for _, weights, _ in target.history[before:]]
    assert set(greens) <= {0}
    (entry,) = told(run)
    assert entry.data["late"] is True
    assert (entry.data["by"], entry.data["reason"]) == ("Dana at the console", "Errors everywhere")
    assert entry.data["happened_at"] < entry.at.isoformat()
    going_back = Event.objects.get(stream=run.stream, kind="run.rolling_back")
    assert entry.seq < going_back.seq
    assert "us-east was sent back past the portal" in going_back.reason


@pytest.mark.parametrize("state", ["paused", "succeeded"])
def test_paused_and_succeeded_runs_follow_too(world: World, state: str) -> None:
    make_ladder()
    serving_version(world)
    if state == "succeeded":
        run = deploy(world, "1.1.0")
    else:
        run = look_until(queue("1.1.0"), step_runs("10 % in us-east"))
        look(run, 2)
        steer.pause(run.pk, actor=actor("devon"), reason="Lunch")
    blue = again(run).blue
    assert blue is not None
    world.at("us-east").act_past_portal({blue.slot: 100}, "dana")
    run = look_until(run, state_is(RunState.ROLLED_BACK))
    assert world.at("eu-central").routing.weights == {blue.slot: 100}
    assert len(told(run)) == 1


def test_act_during_a_way_back_is_on_the_record_before_its_mark_goes(
    world: World, half_way: DeploymentRun
) -> None:
    assert half_way.blue is not None
    world.at("us-east").silent = "No route to host"
    steer.abort(half_way.pk, actor=actor("devon"), reason="Bad")
    look(half_way, 1)
    world.at("us-east").act_past_portal({half_way.blue.slot: 100}, "dana")
    world.at("us-east").silent = ""
    run = look_until(half_way, state_is(RunState.ROLLED_BACK))
    assert [entry.data["by"] for entry in told(run)] == ["dana"]
    assert world.at("us-east").mark == ""


def test_an_act_is_told_once_however_often_it_is_seen(world: World, half_way: DeploymentRun) -> None:
    assert half_way.blue is not None
    weights = {half_way.blue.slot: 95, half_way.slot: 5}
    world.at("us-east").act_past_portal(weights, "dana")
    look(half_way, 4)
    assert len(told(half_way)) == 1
    world.at("us-east").act_past_portal(weights, "dana")
    look(half_way, 4)
    assert len(told(half_way)) == 2


def test_run_leaves_its_way_back_in_a_file_before_it_moves_traffic(
    world: World, settings: Any, tmp_path: Path
) -> None:
    settings.PORTAL_WAY_BACK_DIR = str(tmp_path / "way-back")
    make_ladder()
    blue = serving_version(world)
    run = look_until(queue("1.1.0"), lambda run: run.run_state == RunState.RUNNING)
    file = way_back.file_of(run)
    document = json.loads(file.read_text())
    assert document["blue"] == blue.slot
    assert [entry["weights"] for entry in document["regions"]] == [{blue.slot: 100}] * 2
    assert f"./portal rollback-offline {file}" in document["commands"][0]
    assert file.stat().st_mode & 0o077 == 0


def test_full_disk_does_not_stop_a_run(world: World, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.PORTAL_WAY_BACK_DIR = str(tmp_path / "file" / "below")
    make_ladder()
    run = look_until(queue("1.0.0"), state_is(RunState.SUCCEEDED), every=5)
    assert way_back.keep(run, live_targets(run.environment)) is None
