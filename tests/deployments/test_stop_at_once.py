"""A start in the same instant as an emergency stop: before it, or refused. Real threads, real PostgreSQL."""

from __future__ import annotations

import pytest

from approvals.errors import StopExists, Stopped
from approvals.models import EmergencyStop
from approvals.stops import stop_of
from deployments.models import DeploymentRun
from deployments.services import stopping
from deployments.services.reconcile import reconcile
from deployments.states import RunState
from events.models import Event
from tests.approvals.gates import at_once
from tests.cast import actor
from tests.deployments.engine import make_ladder, queue, started_clock
from tests.deployments.memory_platform import World

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> object:
    made = World()
    monkeypatch.setattr("deployments.services.targets.open_platform", made.open)
    with started_clock():
        make_ladder()
        yield made


def end(made: EmergencyStop) -> None:
    """Out of the way for the next round, past the guard that a test may step over."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM approvals_emergencystop WHERE id = %s", [made.pk])
        cursor.execute("SET session_replication_role = origin")


def test_queueing_in_the_instant_of_a_stop_is_before_it_or_refused(world: World) -> None:
    sue = actor("sue")
    seen = set()
    for number in range(ROUNDS):
        version = f"1.{number}.0"
        queued, made = at_once(lambda v=version: queue(v), lambda: stopping.stop(actor=sue, reason="Now"))
        run = DeploymentRun.objects.filter(subject=version, environment__name="production").first()
        if isinstance(queued, Stopped):
            assert run is None
        else:
            assert run is not None
            first = Event.objects.get(kind="run.queued", stream=run.stream)
            stopped = Event.objects.get(stream=made.stop.stream, kind="stop.made")
            assert first.pk < stopped.pk
            reconcile(run.pk)
            assert DeploymentRun.objects.get(pk=run.pk).run_state == RunState.QUEUED
        seen.add(type(queued).__name__)
        end(made.stop)
        DeploymentRun.objects.filter(subject=version, state="queued").update(
            state="cancelled", ended_at="2026-11-03T10:00Z", closed_at="2026-11-03T10:00Z"
        )


def test_run_whose_turn_comes_in_the_instant_of_a_stop_starts_before_it_or_waits(world: World) -> None:
    sue = actor("sue")
    for number in range(ROUNDS):
        run = queue(f"2.{number}.0")
        _, made = at_once(lambda pk=run.pk: reconcile(pk), lambda: stopping.stop(actor=sue, reason="Now"))
        now = DeploymentRun.objects.get(pk=run.pk)
        if now.run_state != RunState.QUEUED:
            begun = Event.objects.get(kind="run.started", stream=run.stream)
            assert begun.pk < Event.objects.get(stream=made.stop.stream, kind="stop.made").pk
        for _ in range(3):
            reconcile(run.pk)
        assert DeploymentRun.objects.get(pk=run.pk).traffic_at is None
        end(made.stop)
        DeploymentRun.objects.filter(pk=run.pk).update(
            state="cancelled", ended_at="2026-11-03T10:00Z", closed_at="2026-11-03T10:00Z"
        )


def test_two_stops_in_the_same_instant_are_one(world: World) -> None:
    people = [actor(name) for name in ("sue", "devon", "rita", "quinn")]
    results = at_once(*[lambda who=who: stopping.stop(actor=who, reason="Now") for who in people])
    assert sum(isinstance(found, StopExists) for found in results) == 3
    assert EmergencyStop.objects.count() == 1
    assert stop_of("production") is not None
