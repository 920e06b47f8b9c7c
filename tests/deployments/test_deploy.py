"""A run from its queue to its end, on targets in memory."""

from __future__ import annotations

from threading import Barrier

import pytest

from deployments import queries
from deployments.models import Environment
from tests.deployments.engine import (
    again,
    deploy,
    look,
    look_until,
    queue,
    serving_version,
    step_runs,
)
from tests.deployments.memory_platform import World


def test_first_deployment_has_no_shift_and_serves(world: World, production: Environment) -> None:
    run = deploy(world, "1.0.0")
    assert not run.steps.filter(kind="shift").exists()
    assert world.at("us-east").routing.weights == {run.slot: 100}
    assert queries.serving(production) == run


def test_second_deployment_moves_by_weights_and_keeps_blue(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = deploy(world, "1.1.0")
    greens = [weights.get(run.slot, 0) for _, weights, _ in world.at("eu-central").history]
    assert greens[-4:] == [10, 50, 100, 100]
    assert blue.slot in world.at("us-east").specs
    assert run.way_back_open
    assert again(run).sentence == "1.1.0 serves in production."


def test_cut_over_waits_for_a_look_that_has_counted_blue(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0", strategy={"weights": [100], "bake_seconds": 0})
    look_until(run, step_runs("100 % in us-east"))
    assert world.at("us-east").routing.weights.get(run.slot) is None
    assert "requests to compare with" in again(run).sentence
    world.serve(400)
    look(run)
    assert world.at("us-east").routing.weights == {run.slot: 100}


@pytest.mark.parametrize(
    ("came", "given", "watched"), [(1000, [50, 100], [False, False]), (90, [50], [True, False])]
)
def test_weight_without_a_bake_is_judged_by_what_came_since_it_was_asked_for(
    world: World, production: Environment, came: int, given: list[int], watched: list[bool]
) -> None:
    serving_version(world)
    east = world.at("us-east")
    east.after_change = lambda verb: east.serve(came) if verb == "switch" else None
    run = look(queue("1.1.0", strategy={"weights": [50, 100], "bake_seconds": 0}))
    steps = run.steps.filter(kind="shift", region="us-east").order_by("ordinal")
    greens = [weights[run.slot] for _, weights, _ in east.history if run.slot in weights]
    assert list(dict.fromkeys(greens)) == given
    assert ["from" in step.data for step in steps] == watched


def meet(others: Barrier) -> None:
    """Go on once all are here."""
    others.wait()


def test_all_regions_are_asked_at_once_whether_they_could_run_it(
    world: World, production: Environment
) -> None:
    together = Barrier(2, timeout=10)
    for region in ("us-east", "eu-central"):
        world.at(region).before_call = lambda verb: meet(together) if verb == "probe" else None
    run = look(queue("1.0.0"))
    assert run.steps.get(kind="preflight").state == "done", run.sentence
