"""Killed anywhere, a run goes on from what is really there; nobody acts without the newest fence."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, connections

from deployments.models import DeploymentRun, Environment
from deployments.services import leases, steer
from deployments.services.clockwork import after
from deployments.services.reconcile import reconcile
from deployments.services.sweep import sweep
from deployments.states import RunState
from events.models import Event
from tests.cast import actor
from tests.deployments.engine import (
    again,
    look,
    look_until,
    make_ladder,
    queue,
    serving_version,
    state_is,
    step_runs,
)
from tests.deployments.memory_platform import World


class Killed(BaseException):
    """The worker dies here: nothing below catches it."""


def killing(seed: int) -> Callable[[str], None]:
    """A hook that kills the worker at about every sixth call, the same ones in every run."""
    chance = random.Random(seed)

    def hook(verb: str) -> None:
        if chance.random() < 1 / 6:
            raise Killed

    return hook


def look_with_deaths(run: DeploymentRun, reached: Callable[[DeploymentRun], bool], world: World) -> None:
    """Look until something holds, through any number of deaths; a dead worker's lease runs out."""
    for _ in range(300):
        if reached(again(run)):
            return
        world.serve(400)
        try:
            look(run, every=4)
        except Killed:
            DeploymentRun.objects.filter(pk=run.pk).update(lease_until=after(-1))
    raise AssertionError(again(run).sentence)


@pytest.mark.parametrize("where", ["before_call", "after_change"])
def test_worker_killed_again_and_again_brings_the_run_to_its_end_all_the_same(
    world: World, production: Environment, where: str
) -> None:
    serving_version(world)
    run = queue("1.1.0")
    for region in ("us-east", "eu-central"):
        setattr(world.at(region), where, killing(11))
    look_with_deaths(run, state_is(RunState.SUCCEEDED), world)
    for region in ("us-east", "eu-central"):
        greens = [weights.get(run.slot, 0) for _, weights, _ in world.at(region).history[1:]]
        assert greens == sorted(greens)
        assert set(greens) >= {10, 50, 100}
    told = Counter(Event.objects.filter(stream=run.stream, kind="run.step_done").values_list("data__step"))
    assert set(told.values()) == {1}
    assert sum(told.values()) == run.steps.count()


def test_way_back_survives_deaths_too(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = queue("1.1.0")
    look_until(run, step_runs("50 % in eu-central"), every=5, before_look=lambda: world.serve(400))
    steer.abort(run.pk, actor=actor("devon"), reason="Bad")
    for region in ("us-east", "eu-central"):
        world.at(region).after_change = killing(12)
        world.at(region).before_call = killing(13)
    look_with_deaths(run, state_is(RunState.ROLLED_BACK), world)
    assert world.at("us-east").routing.weights == world.at("eu-central").routing.weights == {blue.slot: 100}


def test_fence_grows_over_all_runs_of_an_environment(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0")
    look_until(run, step_runs("10 % in us-east"))
    fences = [fence for fence, _, _ in world.at("us-east").history]
    assert fences == sorted(set(fences))
    assert again(run).fence == Environment.objects.get(pk=production.pk).fence


def test_target_that_saw_a_higher_fence_is_overtaken_at_the_next_look(
    world: World, production: Environment
) -> None:
    serving_version(world)
    run = queue("1.1.0")
    look_until(run, step_runs("10 % in us-east"))
    world.at("us-east").fence = 10_000
    look_until(run, step_runs("100 % in us-east"), every=5, before_look=lambda: world.serve(400), at_most=20)
    assert world.at("us-east").fence > 10_000


def test_a_held_lease_keeps_others_out_until_it_runs_out(world: World, production: Environment) -> None:
    run = queue("1.0.0")
    first = leases.take(run.pk)
    assert first is not None
    assert leases.take(run.pk) is None
    DeploymentRun.objects.filter(pk=run.pk).update(lease_until=after(-1))
    second = leases.take(run.pk)
    assert second is not None
    assert second.fence > first.fence
    with pytest.raises(leases.LeaseLost), leases.fenced(first):
        pass
    leases.release(first, 0)
    assert leases.take(run.pk) is None


def test_sweep_hands_out_what_is_due_and_not_what_is_held(
    world: World, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr("deployments.services.sweep.wake", lambda task, run_id: woken.append(run_id))
    due, held, later = queue("1.0.0"), queue("1.0.1"), queue("1.0.2")
    assert leases.take(held.pk)
    DeploymentRun.objects.filter(pk=later.pk).update(next_look_at=after(60))
    assert sweep() == 1
    assert woken == [due.pk]
    assert sweep() == 0


@pytest.mark.django_db(transaction=True)
def test_worker_that_slept_through_an_abort_changes_nothing(world: World) -> None:
    make_ladder()
    devon = actor("devon")
    blue = serving_version(world)
    run = queue("1.1.0")
    look_until(run, step_runs("10 % in us-east"), every=5, before_look=lambda: world.serve(400))
    target = world.at("us-east")

    def abort_meanwhile(verb: str) -> None:
        if verb != "switch":
            return
        target.before_call = lambda verb: None
        steer.abort(run.pk, actor=devon, reason="Stop")
        deadline = time.monotonic() + 20
        while again(run).run_state != RunState.ROLLED_BACK and time.monotonic() < deadline:
            time.sleep(0.02)
        connections.close_all()

    target.before_call = abort_meanwhile
    look_until(run, state_is(RunState.ROLLED_BACK), every=5, before_look=lambda: world.serve(400))
    assert target.routing.weights == {blue.slot: 100}
    assert [weights.get(run.slot, 0) for _, weights, _ in target.history][-2:] == [10, 0]
    assert Event.objects.filter(stream=run.stream, kind="run.rolled_back").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_one_run_do_each_step_once(world: World) -> None:
    make_ladder()
    run = queue("1.0.0", "staging")
    errors: list[BaseException] = []

    def worker() -> None:
        try:
            for _ in range(15):
                reconcile(run.pk)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=worker) for _ in range(6)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    run = look_until(run, state_is(RunState.SUCCEEDED))
    told = Counter(Event.objects.filter(stream=run.stream, kind="run.step_done").values_list("data__step"))
    assert not errors
    assert set(told.values()) == {1}
