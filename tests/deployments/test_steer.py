"""Pause, resume, promote, clearance, holding: who may, and what stays armed meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.errors import NotInThisState
from deployments.models import DeploymentRun, Environment
from deployments.services import clearance, steer
from deployments.states import RunState
from events import clock
from events.errors import Conflict, NotAllowed
from events.models import Event
from tests.cast import actor
from tests.deployments.engine import again, look, look_until, queue, serving_version, state_is, step_runs
from tests.deployments.memory_platform import World


@pytest.fixture
def shifting(world: World, production: Environment) -> DeploymentRun:
    """A run that watches 10 % in us-east, without any request yet."""
    serving_version(world)
    return look_until(queue("1.1.0"), step_runs("10 % in us-east"))


def green(world: World, run: DeploymentRun, region: str = "us-east") -> int:
    return int(world.at(region).routing.weights.get(run.slot, 0))


def test_paused_run_moves_no_further_and_goes_on_when_resumed(world: World, shifting: DeploymentRun) -> None:
    steer.pause(shifting.pk, actor=actor("devon"), reason="Lunch")
    for _ in range(20):
        world.serve(400)
        look(shifting, every=5)
    assert green(world, shifting) == 10
    assert again(shifting).sentence.startswith("Paused")
    steer.resume(shifting.pk, actor=actor("devon"))
    look_until(shifting, step_runs("50 % in us-east"), every=5, before_look=lambda: world.serve(400))


def test_limits_stay_watched_while_paused(world: World, shifting: DeploymentRun) -> None:
    steer.pause(shifting.pk, actor=actor("rita"), reason="Look at this")
    look(shifting, 2)
    look_until(
        shifting,
        state_is(RunState.ROLLED_BACK),
        before_look=lambda: world.serve(400, error_rate={shifting.slot: 0.5}),
    )
    assert green(world, shifting) == 0


def test_promote_skips_time_and_never_the_verdict(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0", strategy={"bake_seconds": 3600})
    look_until(run, step_runs("10 % in us-east"))
    look(run)
    steer.promote(run.pk, actor=actor("devon"), reason="Quiet hour")
    run = look(run, 3)
    assert (green(world, run), "inconclusive" in run.sentence) == (10, True)
    world.serve(1000)
    look(run, 3)
    assert green(world, run) == 50


def test_nothing_to_promote_is_said(world: World, production: Environment) -> None:
    run = queue("1.0.0")
    with pytest.raises(NotInThisState, match="queued"):
        steer.promote(run.pk, actor=actor("devon"), reason="Now")


def test_only_the_policy_s_roles_steer(world: World, shifting: DeploymentRun) -> None:
    with pytest.raises(NotAllowed, match="DevOps Engineer"):
        steer.promote(shifting.pk, actor=actor("rita"), reason="Hurry")
    with pytest.raises(NotAllowed):
        steer.pause(shifting.pk, actor=actor("dana"), reason="No")
    with pytest.raises(NotAllowed):
        steer.abort(shifting.pk, actor=actor("stan"), reason="No")
    assert again(shifting).run_state == RunState.RUNNING


def test_lapsed_clearance_holds_forward_moves_only(world: World, shifting: DeploymentRun) -> None:
    clearance.lapse(shifting.pk, sentence="The window has ended.")
    for _ in range(10):
        world.serve(400)
        look(shifting, every=5)
    assert green(world, shifting) == 10
    assert "The window has ended." in again(shifting).sentence
    until = clock.now() + timedelta(minutes=5)
    clearance.renew(shifting.pk, seal=shifting.seal, until=until)
    look_until(shifting, step_runs("50 % in us-east"), every=5, before_look=lambda: world.serve(400))


def test_clearance_for_another_seal_is_refused(world: World, shifting: DeploymentRun) -> None:
    with pytest.raises(Conflict, match="seal"):
        clearance.renew(shifting.pk, seal="f" * 64, until=clock.now())


def test_run_without_its_first_clearance_waits_in_the_queue(world: World, production: Environment) -> None:
    run = queue("1.0.0", clearance_until=clock.now() - timedelta(seconds=1))
    run = look(run)
    assert run.run_state == RunState.QUEUED
    assert "clearance" in run.sentence


def test_undecided_weight_holds_calls_somebody_once_and_goes_back(
    world: World, shifting: DeploymentRun
) -> None:
    run = look(shifting, 5, every=5)
    assert "inconclusive" in run.sentence
    assert "Only 0 of the 50 requests" in run.sentence
    look(run, 10, every=15)
    called = Event.objects.filter(stream=run.stream, kind="run.held")
    assert called.count() == 1
    assert "DevOps Engineer is called" in called.get().reason
    look_until(run, state_is(RunState.ROLLED_BACK), every=30)
    assert called.count() == 1


def test_silent_region_is_never_taken_for_a_good_one(world: World, shifting: DeploymentRun) -> None:
    look(shifting, 2)
    world.serve(4000)
    world.at("us-east").silent = "No route to host"
    run = look(shifting, 10, every=5)
    assert run.run_state == RunState.RUNNING
    assert run.verdicts["us-east"]["verdict"] == "error"
    world.at("us-east").silent = ""
    look_until(run, step_runs("50 % in us-east"), every=5, before_look=lambda: world.serve(400))


def test_act_past_the_portal_holds_until_somebody_says_go_on(world: World, shifting: DeploymentRun) -> None:
    blue = shifting.blue
    assert blue is not None
    world.at("us-east").act_past_portal({blue.slot: 95, shifting.slot: 5})
    run = look(shifting, 3, every=5)
    assert (green(world, run), "past the portal in us-east" in run.sentence) == (5, True)
    steer.pause(run.pk, actor=actor("devon"), reason="Who was that?")
    steer.resume(run.pk, actor=actor("devon"))
    look(run, 3)
    assert green(world, run) == 10


def test_restarted_proxy_does_not_confuse_the_verdict(world: World, shifting: DeploymentRun) -> None:
    look(shifting, 2)
    world.serve(400)
    look(shifting)
    for region in ("us-east", "eu-central"):
        world.at(region).restart_counters()
    world.serve(200)
    run = look(shifting, every=2)
    assert run.verdicts["us-east"]["requests"] == 40 + 20


def test_every_look_of_a_run_leaves_a_sentence(world: World, shifting: DeploymentRun) -> None:
    seen = set()
    for _ in range(30):
        world.serve(300)
        seen.add(look(shifting, every=5).sentence)
    assert all(sentence.endswith(".") and len(sentence) > 15 for sentence in seen)
