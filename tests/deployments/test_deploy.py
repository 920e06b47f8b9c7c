"""A run from its queue to its end, on targets in memory."""

from __future__ import annotations

from deployments import queries
from deployments.models import Environment
from tests.deployments.engine import (
    again,
    deploy,
    serving_version,
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
