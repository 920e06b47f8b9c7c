"""One run at a time in an environment: who waits, who may pass, and what becomes of the passed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from deployments import queries
from deployments.errors import AlreadyLocked, AlreadyQueued, NoWayBack
from deployments.models import DeploymentRun, Environment
from deployments.services import closing, locks, steer
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
)
from tests.deployments.memory_platform import World

EMERGENCY = {"emergency": True, "release_kind": "security", "reason": "CVE in the session library"}


def test_second_run_waits_and_says_for_whom(world: World, production: Environment) -> None:
    serving_version(world)
    first, second = queue("1.1.0"), queue("1.2.0")
    look(first)
    waiting = look(second)
    assert waiting.run_state == RunState.QUEUED
    assert f"run {first.pk} of 1.1.0 is running in production" in waiting.sentence


def test_later_run_does_not_pass_an_earlier_one(world: World, production: Environment) -> None:
    first, second = queue("1.0.0"), queue("1.1.0")
    assert f"run {first.pk} of 1.0.0 is before it" in look(second).sentence


def test_ordinary_run_waits_while_a_succeeded_one_is_watched(world: World, production: Environment) -> None:
    watched = deploy(world, "1.0.0")
    waiting = look(queue("1.1.0"))
    assert "1.0.0 is watched in production and keeps its old colour" in waiting.sentence
    closing.close(watched.pk, actor=ACTOR)
    finish_others(production)
    assert look(waiting).run_state == RunState.RUNNING


def test_database_refuses_two_active_runs_of_one_environment(world: World, production: Environment) -> None:
    serving_version(world)
    first, second = queue("1.1.0"), queue("1.2.0")
    look(first)
    locked = DeploymentRun.objects.get(pk=second.pk)
    locked.start()
    with pytest.raises(IntegrityError, match="run_one_active_per_environment"), transaction.atomic():
        locked.save()


def test_emergency_passes_and_takes_the_earlier_release_over(world: World, production: Environment) -> None:
    oldest = serving_version(world)
    earlier = deploy(world, "1.1.0")
    run = deploy(world, "1.1.1", **EMERGENCY)
    assert again(earlier).closed_at is not None
    finish_others(production)
    assert set(world.at("us-east").specs) == {earlier.slot, run.slot}
    assert oldest.slot not in world.at("us-east").specs
    with pytest.raises(NoWayBack):
        steer.abort(earlier.pk, actor=actor("devon"), reason="Too late")


def test_emergency_that_goes_back_leaves_the_earlier_release_watched(
    world: World, production: Environment
) -> None:
    serving_version(world)
    earlier = deploy(world, "1.1.0")
    run = queue("1.1.1", **EMERGENCY)
    look_until(
        run,
        state_is(RunState.ROLLED_BACK),
        every=5,
        before_look=lambda: world.serve(400, error_rate={run.slot: 0.5}),
    )
    assert queries.serving(production) == earlier
    assert again(earlier).way_back_open


def test_while_an_emergency_runs_only_its_own_way_back_exists(world: World, production: Environment) -> None:
    serving_version(world)
    earlier = deploy(world, "1.1.0")
    emergency = queue("1.1.1", **EMERGENCY)
    look(emergency)
    with pytest.raises(NoWayBack, match=f"abort run {emergency.pk} first"):
        steer.abort(earlier.pk, actor=actor("devon"), reason="Both are bad")


def test_second_emergency_waits_for_the_first(world: World, production: Environment) -> None:
    serving_version(world)
    deploy(world, "1.1.0")
    deploy(world, "1.1.1", **EMERGENCY)
    assert look(queue("1.1.2", **EMERGENCY)).run_state == RunState.QUEUED


def test_locked_environment_stops_ordinary_runs_and_lets_a_security_release_pass(
    world: World, production: Environment
) -> None:
    serving_version(world)
    locks.lock(
        production, reason="Lessons missing", release_label="1.1.0", actor=ACTOR, stream="release/1.1.0"
    )
    ordinary = look(queue("1.2.0"))
    assert "locked since the rollback of 1.1.0: Lessons missing" in ordinary.sentence
    security = queue("1.1.1", release_kind="security", reason="CVE")
    assert look(security).run_state == RunState.RUNNING
    with pytest.raises(AlreadyLocked):
        locks.lock(production, reason="Again", release_label="1.1.0", actor=ACTOR, stream="release/1.1.0")


def test_lifted_lock_lets_runs_go_on(world: World, production: Environment) -> None:
    serving_version(world)
    locks.lock(production, reason="Lessons missing", release_label="1", actor=ACTOR, stream="release/1")
    run = look(queue("1.2.0"))
    assert run.run_state == RunState.QUEUED
    locks.lift(production, reason="Recorded", actor=actor("rita"), stream="release/1")
    assert look(run).run_state == RunState.RUNNING
    kinds = Event.objects.filter(stream="release/1").values_list("kind", flat=True)
    assert list(kinds) == ["environment.locked", "environment.unlocked"]


def test_a_second_click_starts_nothing(world: World, production: Environment) -> None:
    queue("1.0.0")
    with pytest.raises(AlreadyQueued):
        queue("1.0.0")
