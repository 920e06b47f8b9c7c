"""The way back: by a verdict, by a person, while a region is silent, and where there is none."""

from __future__ import annotations

import pytest

from deployments import queries
from deployments.errors import NotInThisState, NoWayBack
from deployments.models import Environment, TargetView
from deployments.services import closing, steer
from deployments.states import RunState
from events.models import Event
from tests.cast import actor
from tests.deployments.engine import (
    ACTOR,
    again,
    deploy,
    finish_others,
    look,
    look_until,
    queue,
    serving_version,
    state_is,
    step_runs,
)
from tests.deployments.memory_platform import World

ROLLED_BACK = state_is(RunState.ROLLED_BACK)


def test_green_that_fails_at_its_first_weight_comes_back_by_itself(
    world: World, production: Environment
) -> None:
    blue = serving_version(world)
    run = queue("1.1.0")
    run = look_until(run, ROLLED_BACK, before_look=lambda: world.serve(400, error_rate={run.slot: 0.08}))
    assert world.at("us-east").routing.weights == {blue.slot: 100}
    assert [w.get(run.slot, 0) for _, w, _ in world.at("us-east").history][-2:] == [10, 0]
    assert "requests failed" in run.sentence
    assert queries.serving(production) == blue


def test_a_certain_failure_does_not_wait_for_the_end_of_the_bake(
    world: World, production: Environment
) -> None:
    serving_version(world)
    run = queue("1.1.0", strategy={"bake_seconds": 3600})
    look_until(run, step_runs("10 % in us-east"))
    look(run, 2)
    world.serve(2000, error_rate={run.slot: 0.5})
    run = look(run, 3)
    assert run.run_state == RunState.ROLLED_BACK


def test_one_percent_sparse_errors_come_back_before_the_cut_over(
    world: World, production: Environment
) -> None:
    serving_version(world)
    run = queue("1.1.0", strategy={"limits": {"error_percent": 2.0, "minimum_requests": 50}})
    look_until(run, ROLLED_BACK, every=5, before_look=lambda: world.serve(1000, error_rate={run.slot: 0.01}))
    assert not again(run).steps.filter(kind="cut_over", state="returned").exists()


def test_slow_green_comes_back(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0")
    look_until(run, ROLLED_BACK, every=5, before_look=lambda: world.serve(400, ms={run.slot: 700.0}))
    assert "95th percentile" in again(run).sentence


def test_the_second_region_going_bad_returns_all(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = queue("1.1.0")

    def traffic() -> None:
        world.at("us-east").serve(400)
        world.at("eu-central").serve(400, error_rate={run.slot: 0.2})

    look_until(run, ROLLED_BACK, every=5, before_look=traffic)
    assert world.at("us-east").history[-1][1:] == ({blue.slot: 100}, blue.slot)
    assert world.at("eu-central").history[-1][1:] == ({blue.slot: 100}, blue.slot)


def test_one_person_sends_all_traffic_back_without_a_signature(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = queue("1.1.0")
    look_until(run, step_runs("50 % in us-east"), every=5, before_look=lambda: world.serve(400))
    run = steer.abort(run.pk, actor=actor("sue"), reason="Patients report errors")
    assert run.run_state == RunState.ROLLING_BACK
    assert look(run).run_state == RunState.ROLLED_BACK
    assert world.at("us-east").routing.weights == {blue.slot: 100}
    kinds = list(Event.objects.filter(stream=run.stream).values_list("kind", flat=True))
    assert kinds[-6:].count("run.rolled_back") == 1


def test_a_region_that_does_not_answer_keeps_the_run_rolling_back_and_is_named(
    world: World, production: Environment
) -> None:
    blue = serving_version(world)
    run = deploy(world, "1.1.0")
    world.at("eu-central").silent = "No route to host"
    steer.abort(run.pk, actor=actor("devon"), reason="Wrong figures")
    run = look(run, 2)
    assert run.run_state == RunState.ROLLING_BACK
    assert world.at("us-east").routing.weights == {blue.slot: 100}
    assert "green had 100 % there" in run.sentence
    assert f"send_back production eu-central --slot {blue.slot}" in run.sentence
    assert not TargetView.objects.get(target__region__name="eu-central").reachable
    world.at("eu-central").silent = ""
    assert look(run).run_state == RunState.ROLLED_BACK


def test_background_work_goes_back_with_the_traffic(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = deploy(world, "1.1.0")
    assert world.at("us-east").routing.background == run.slot
    steer.abort(run.pk, actor=actor("devon"), reason="Mails go out twice")
    look(run)
    assert world.at("us-east").routing.background == blue.slot


def test_first_deployment_is_taken_down(world: World, production: Environment) -> None:
    run = deploy(world, "1.0.0")
    steer.abort(run.pk, actor=actor("devon"), reason="Not yet")
    run = look(run)
    assert run.run_state == RunState.ROLLED_BACK
    assert world.at("us-east").routing.weights == {}
    assert queries.serving(production) is None
    finish_others(production)
    assert world.at("us-east").specs == {}


def test_bad_figures_while_watched_send_a_succeeded_run_back(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = deploy(world, "1.1.0")
    look_until(run, ROLLED_BACK, every=5, before_look=lambda: world.serve(400, error_rate={run.slot: 0.1}))
    assert queries.serving(production) == blue


def test_way_back_closes_with_the_release(world: World, production: Environment) -> None:
    serving_version(world)
    run = deploy(world, "1.1.0")
    closing.close(run.pk, actor=ACTOR)
    with pytest.raises(NoWayBack, match="closed"):
        steer.abort(run.pk, actor=actor("devon"), reason="Too late")


def test_green_of_a_rolled_back_run_is_retired_and_blue_stays(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = queue("1.1.0")
    look_until(run, ROLLED_BACK, before_look=lambda: world.serve(400, error_rate={run.slot: 0.5}))
    finish_others(production)
    assert set(world.at("us-east").specs) == {blue.slot}


def test_abort_before_any_weight_cancels(world: World, production: Environment) -> None:
    blue = serving_version(world)
    world.at("us-east").running_jobs = {("web", "smoke")}
    run = queue("1.1.0")
    look_until(run, step_runs("Validate green in us-east"))
    run = steer.abort(run.pk, actor=actor("devon"), reason="Wrong build")
    assert run.run_state == RunState.CANCELLED
    assert world.at("us-east").routing.weights == {blue.slot: 100}
    with pytest.raises(NotInThisState, match="cancelled"):
        steer.abort(run.pk, actor=actor("devon"), reason="Again")
    finish_others(production)
    assert set(world.at("us-east").specs) == {blue.slot}


def test_irreversible_migration_disarms_the_return_and_holds(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0", migration="irreversible")
    look_until(run, step_runs("10 % in us-east"))
    run = look_until(
        run,
        lambda r: "cannot be undone" in r.sentence,
        before_look=lambda: world.serve(400, error_rate={run.slot: 0.5}),
    )
    assert (run.state, world.at("us-east").routing.weights[run.slot]) == ("running", 10)
    assert Event.objects.filter(kind="run.held", stream=run.stream).count() == 1
    run = steer.abort(run.pk, actor=actor("devon"), reason="Stop it")
    assert run.run_state == RunState.PAUSED
    assert "forward-fix plan" in run.sentence


def test_blue_that_a_target_lost_is_started_again_on_the_way_back(
    world: World, production: Environment
) -> None:
    blue = serving_version(world)
    run = deploy(world, "1.1.0")
    del world.at("eu-central").specs[blue.slot]
    steer.abort(run.pk, actor=actor("devon"), reason="Wrong figures")
    assert look(run).run_state == RunState.ROLLED_BACK
    assert world.at("eu-central").routing.weights == {blue.slot: 100}
    assert again(run).sentence == ("Rolled back: 1.0.0 serves in production. Asked by devon: Wrong figures")
