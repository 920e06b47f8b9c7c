"""Changes that meet in real threads lock in one order: none waits for another in a circle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from deployments.models import DeploymentRun, Environment
from deployments.services import leases, locks, outcomes, steer
from deployments.services.reconcile import reconcile
from deployments.states import RunState
from tests.cast import actor
from tests.deployments.engine import (
    again,
    deploy,
    look_until,
    make_ladder,
    queue,
    serving_version,
    state_is,
    step_runs,
)
from tests.deployments.memory_platform import World

pytestmark = pytest.mark.django_db(transaction=True)


class Beside(threading.Thread):
    """Work in a thread of its own; `problems` is what it raised."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.problems: list[BaseException] = []
        self._work = work

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.problems.append(error)
        finally:
            connection.close()


def waits_for_row(table: str) -> bool:
    """Does a connection of this database wait for somebody's lock on that table?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock' AND query LIKE %s",
            [f"%{table}%"],
        )
        return bool(cursor.fetchone()[0])


def eventually(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.01)


def succeed(run: DeploymentRun) -> None:
    """The end of a run whose last step is done."""
    lease = leases.take(run.pk)
    assert lease is not None
    with leases.fenced(lease) as locked:
        outcomes.succeed(locked)


def test_end_of_a_run_waits_for_no_queued_one(world: World) -> None:
    make_ladder()
    first, second = queue("1.0.0", "staging"), queue("1.0.1", "staging")
    devon = actor("devon")
    with transaction.atomic():
        DeploymentRun.objects.select_for_update(no_key=True).get(pk=second.pk)
        ending = Beside(lambda: steer.abort(first.pk, actor=devon, reason="Stop"))
        ending.start()
        eventually(lambda: again(first).run_state == RunState.CANCELLED)
        Environment.objects.select_for_update(no_key=True, nowait=True).get(pk=first.environment_id)
    ending.join(20)
    assert not ending.problems
    look_until(second, state_is(RunState.SUCCEEDED))


def test_lifting_a_lock_waits_for_no_queued_run(world: World) -> None:
    make_ladder()
    waiting = queue("1.0.0", "staging")
    sue, rita = actor("sue"), actor("rita")
    given = {"actor": sue, "stream": "release/1.0.0"}
    locks.lock(waiting.environment, reason="Errors", release_label="1.0.0", **given)
    with transaction.atomic():
        DeploymentRun.objects.select_for_update(no_key=True).get(pk=waiting.pk)
        lifting = Beside(
            lambda: locks.lift(waiting.environment, reason="Mended", actor=rita, stream="release/1.0.0")
        )
        lifting.start()
        eventually(lambda: not waiting.environment.locks.filter(lifted_at=None).exists())
    lifting.join(20)
    assert not lifting.problems


def test_success_of_an_emergency_locks_the_earlier_run_before_the_environment(world: World) -> None:
    production = make_ladder()
    serving_version(world)
    earlier = deploy(world, "1.1.0")
    emergency = queue("1.1.1", release_kind="security", emergency=True, reason="CVE")
    look_until(emergency, step_runs("10 % in us-east"))
    with transaction.atomic():
        DeploymentRun.objects.select_for_update(no_key=True).get(pk=earlier.pk)
        ending = Beside(lambda: succeed(emergency))
        ending.start()
        eventually(lambda: waits_for_row("deployments_deploymentrun"))
        Environment.objects.select_for_update(no_key=True, nowait=True).get(pk=production.pk)
    ending.join(20)
    assert not ending.problems
    assert again(earlier).closed_at is not None


def test_many_looks_and_ends_at_once_meet_no_deadlock(world: World) -> None:
    make_ladder()
    runs = [queue(f"1.0.{number}", "staging") for number in range(6)]
    devon, over = actor("devon"), threading.Event()

    def looking() -> None:
        while not over.is_set():
            for run in runs:
                reconcile(run.pk)

    lookers = [Beside(looking) for _ in range(4)]
    for looker in lookers:
        looker.start()
    try:
        for run in runs:
            steer.abort(run.pk, actor=devon, reason="Stop")
    finally:
        over.set()
        for looker in lookers:
            looker.join(30)
    assert not [p for looker in lookers for p in looker.problems if isinstance(p, OperationalError)]
    assert {again(run).run_state for run in runs} <= {
        RunState.CANCELLED,
        RunState.ROLLED_BACK,
        RunState.ROLLING_BACK,
    }
