"""Taking an old colour down: when, what may end there first, and the contract after it."""

from __future__ import annotations

from deployments.models import Environment
from deployments.services import closing
from deployments.states import RunState
from tests.deployments.engine import (
    ACTOR,
    again,
    component,
    deploy,
    look,
    look_until,
    make_content,
    serving_version,
    state_is,
)
from tests.deployments.memory_platform import World


def jobs(world: World, name: str) -> list[str]:
    """Keys of that job which ran in production."""
    return [
        key
        for (where, _), t in world.targets.items()
        if where == "production"
        for key in t.jobs
        if name in key
    ]


def test_closing_retires_the_old_colour_and_then_contracts(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = deploy(world, "1.1.0", migration="contract")
    assert len(jobs(world, "migrate_expand")) == 1
    retire = closing.close(run.pk, actor=ACTOR)
    assert retire is not None
    assert blue.slot in world.at("us-east").specs
    retire = look_until(retire, state_is(RunState.SUCCEEDED))
    assert blue.slot not in world.at("us-east").specs
    assert blue.slot not in world.at("eu-central").specs
    assert len(jobs(world, "migrate_contract")) == 1
    assert retire.retires == blue
    assert retire.sentence == f"{blue.subject} is taken down in production."


def test_closing_twice_queues_one_retire_run(world: World, production: Environment) -> None:
    serving_version(world)
    run = deploy(world, "1.1.0")
    assert closing.close(run.pk, actor=ACTOR) == closing.close(run.pk, actor=ACTOR)


def test_first_deployment_has_nothing_to_retire(world: World, production: Environment) -> None:
    run = deploy(world, "1.0.0")
    assert closing.close(run.pk, actor=ACTOR) is None
    assert again(run).closed_at is not None


def test_contract_without_an_old_colour_says_what_it_did(world: World, production: Environment) -> None:
    retire = closing.close(deploy(world, "1.0.0", migration="contract").pk, actor=ACTOR)
    assert retire is not None
    retire = look_until(retire, state_is(RunState.SUCCEEDED))
    assert retire.sentence == "The database in production holds only what 1.0.0 needs."


def test_connections_may_drain_in_the_old_colour_first(world: World, production: Environment) -> None:
    content = make_content("1.0.0")
    content["components"]["web"] = component("web 1.0.0", drain_seconds=100)
    blue = serving_version(world, content=content)
    retire = closing.close(deploy(world, "1.1.0").pk, actor=ACTOR)
    assert retire is not None
    world.at("us-east").draining = {blue.slot: 3}
    retire = look(retire, 5)
    assert f"3 connection(s) may end in {blue.slot} in us-east" in retire.sentence
    assert blue.slot in world.at("us-east").specs
    look_until(retire, state_is(RunState.SUCCEEDED), every=30)
    assert blue.slot not in world.at("us-east").specs


def test_migration_of_what_served_before_is_not_run_again(world: World, production: Environment) -> None:
    content = make_content("1.0.0", "expand")
    serving_version(world, content=content)
    newer = make_content("1.1.0", "expand")
    newer["components"]["web"]["migration"] = content["components"]["web"]["migration"]
    deploy(world, "1.1.0", content=newer)
    assert len(jobs(world, "migrate_expand")) == 1
