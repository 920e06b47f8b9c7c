"""The portal's clock jumps ten minutes: a run still ends by itself, and nothing is judged unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.models import DeploymentRun, Environment, TargetView
from deployments.services.observing import observe_idle
from deployments.states import RunState
from events import clock
from events.models import Event
from tests.deployments.engine import (
    look,
    look_until,
    make_ladder,
    queue,
    serving_version,
    state_is,
    step_runs,
)
from tests.deployments.memory_platform import World

JUMP = timedelta(minutes=10)


@pytest.fixture
def watched(world: World) -> DeploymentRun:
    """A run in the middle of its first bake."""
    make_ladder()
    serving_version(world)
    run = look_until(queue("1.1.0"), step_runs("10 % in us-east"))
    return look(run, 2)


def serve(world: World) -> None:
    world.serve(400)


@pytest.mark.parametrize("jump", [JUMP, -JUMP])
def test_run_whose_clock_jumps_ends_in_a_stated_state_by_itself(
    world: World, watched: DeploymentRun, jump: timedelta
) -> None:
    clock.advance(jump)
    run = look_until(
        watched,
        state_is(RunState.SUCCEEDED, RunState.ROLLED_BACK),
        every=10,
        before_look=lambda: serve(world),
    )
    assert run.sentence.endswith(".")
    greens = [weights.get(run.slot, 0) for _, weights, _ in world.at("us-east").history]
    assert greens.count(10) == 1
    done = Event.objects.filter(stream=run.stream, kind="run.step_done")
    assert done.count() == len(set(done.values_list("data__step", flat=True)))


def test_jump_ahead_skips_the_bake_but_never_the_verdict(world: World, watched: DeploymentRun) -> None:
    clock.advance(JUMP / 2)
    run = look(watched, 2)
    assert world.at("us-east").routing.weights[run.slot] == 10
    assert "inconclusive" in run.sentence


@pytest.mark.parametrize("jump", [JUMP, -JUMP])
def test_idle_targets_are_looked_at_again_whichever_way_it_jumped(
    world: World, production: Environment, jump: timedelta
) -> None:
    observe_idle()
    clock.advance(jump)
    assert observe_idle() > 0
    assert not TargetView.objects.filter(tried_at=None).exists()
