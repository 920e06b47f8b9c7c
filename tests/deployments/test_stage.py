"""Environments before production: the same engine, no shift, the old colour goes at once."""

from __future__ import annotations

from deployments import queries
from deployments.models import Environment
from deployments.services import steer
from deployments.states import RunState
from tests.cast import actor
from tests.deployments.engine import (
    again,
    finish_others,
    look_until,
    make_content,
    queue,
    state_is,
)
from tests.deployments.memory_platform import World

ENDED = state_is(RunState.SUCCEEDED, RunState.FAILED, RunState.ROLLED_BACK)


def staged(version: str, **given: object) -> int:
    run = queue(version, "staging", **given)
    return look_until(run, ENDED).pk


def test_staging_switches_and_retires_the_old_slot(world: World, production: Environment) -> None:
    staging = queries.environment("staging")
    first = queries.run(staged("1.0.0"))
    second = queries.run(staged("1.1.0"))
    assert first.closed_at is not None
    assert queries.serving(staging) == second
    finish_others(staging)
    assert set(world.at("us-east", "staging").specs) == {second.slot}
    assert queries.proof_of(staging, second.content_hash) == second


def test_steps_are_those_of_the_strategy_in_order(world: World, production: Environment) -> None:
    run = queue("1.0.0", "staging")
    kinds = list(run.steps.values_list("kind", flat=True))
    assert kinds == ["tag", "migrate", "configure", "deploy", "smoke", "restart", "verify"]


def test_rehearsal_goes_back_and_forward_again(world: World, production: Environment) -> None:
    staged("1.0.0")
    run = queries.run(staged("1.1.0", strategy={"rehearse": True, "weights": [50, 100]}))
    target = world.at("us-east", "staging")
    assert [w.get(run.slot, 0) for _, w, _ in target.history][-4:] == [100, 0, 50, 100]
    assert target.routing.background == run.slot
    assert run.run_state == RunState.SUCCEEDED


def test_failing_smoke_job_fails_the_run_with_its_last_line(world: World, production: Environment) -> None:
    world.at("us-east", "staging").failing_jobs = {("web", "smoke")}
    run = queries.run(staged("1.0.0"))
    assert run.run_state == RunState.FAILED
    assert "smoke of web ended with code 3 in us-east. Its last line: relation does not exist" in run.sentence
    assert run.steps.get(kind="restart").state == "skipped"


def test_failing_migration_stops_before_anything_is_started(world: World, production: Environment) -> None:
    world.at("us-east", "staging").failing_jobs = {("web", "migrate_expand")}
    run = queries.run(staged("1.0.0", migration="expand"))
    assert (run.run_state, "migrate_expand of web" in run.sentence) == (RunState.FAILED, True)
    assert world.at("us-east", "staging").specs == {}


def test_missing_artefact_is_named_before_anything_is_started(world: World, production: Environment) -> None:
    content = make_content("1.0.0")
    world.at("us-east", "staging").missing_artifacts = {content["components"]["worker"]["artifact"]}
    run = queries.run(staged("1.0.0", content=content))
    assert (run.state, "artefact of worker is missing" in run.sentence) == ("failed", True)


def test_green_that_never_gets_ready_fails_with_its_reason(world: World, production: Environment) -> None:
    world.at("us-east", "staging").unready = {"web": "exited with 1 three times in 20 s"}
    run = queue("1.0.0", "staging")
    run = look_until(run, ENDED, every=10)
    assert run.run_state == RunState.FAILED
    assert "web (exited with 1 three times in 20 s)" in run.sentence


def test_same_content_again_is_checked_again_and_nothing_is_taken_down(
    world: World, production: Environment
) -> None:
    content = make_content("1.0.0")
    first = queries.run(staged("1.0.0", content=content))
    again_staged = queries.run(staged("1.0.0", content=content))
    finish_others(queries.environment("staging"))
    assert again_staged.run_state == RunState.SUCCEEDED
    assert world.at("us-east", "staging").routing.weights == {first.slot: 100}
    assert set(world.at("us-east", "staging").specs) == {first.slot}


def test_abort_of_the_same_content_takes_nothing_down(world: World, production: Environment) -> None:
    content = make_content("1.0.0")
    staged("1.0.0", content=content)
    run = queue("1.0.0", "staging", content=content)
    steer.abort(run.pk, actor=actor("devon"), reason="Changed my mind")
    finish_others(queries.environment("staging"))
    assert again(run).run_state == RunState.CANCELLED
    assert world.at("us-east", "staging").routing.weights == {run.slot: 100}


def test_failed_verification_switches_back(world: World, production: Environment) -> None:
    first = queries.run(staged("1.0.0"))
    run = queue("1.1.0", "staging")
    target = world.at("us-east", "staging")
    target.after_change = lambda verb: target.unready.update({"web": "broke"}) if verb == "switch" else None
    run = look_until(run, ENDED, every=10)
    assert run.run_state == RunState.ROLLED_BACK
    assert target.routing.weights == {first.slot: 100}
