"""What is live where, the facts of a run, and looking at environments in which nothing runs."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from deployments import queries
from deployments.models import Environment, TargetView
from deployments.services.observing import observe_idle
from events import clock
from tests.deployments.engine import deploy, look, look_until, queue, serving_version, step_runs
from tests.deployments.memory_platform import World


def test_live_where_tells_release_version_and_digest_from_observation(
    world: World, production: Environment
) -> None:
    run = deploy(world, "1.0.0")
    live = queries.live_where(production)
    assert [(t.region, t.release, t.slot) for t in live] == [
        ("us-east", "1.0.0", run.slot),
        ("eu-central", "1.0.0", run.slot),
    ]
    assert {(c.name, c.version) for c in live[0].components} == {
        ("web", "web 1.0.0"),
        ("worker", "worker 1.0.0"),
    }


def test_what_was_never_seen_is_said_to_be_unknown(world: World, production: Environment) -> None:
    (live, _) = queries.live_where(production)
    assert (live.seen_at, live.release, live.sentence) == (None, "", "Not observed yet.")


def test_idle_targets_are_looked_at_and_silence_keeps_the_old_view(
    world: World, production: Environment
) -> None:
    run = deploy(world, "1.0.0")
    clock.advance(timedelta(seconds=30))
    world.at("us-east").silent = "No route to host"
    assert observe_idle() == 4
    view = TargetView.objects.get(target__environment=production, target__region__name="us-east")
    assert (view.reachable, view.sentence) == (False, "No route to host")
    assert view.weights == {run.slot: 100}
    assert observe_idle() == 0


def test_facts_of_a_run_carry_limits_figures_and_ages(world: World, production: Environment) -> None:
    serving_version(world)
    run = look_until(queue("1.1.0"), step_runs("10 % in us-east"))
    look(run, 2)
    world.serve(1000)
    run = look(run)
    facts = queries.run_facts(run)
    east = facts.regions[0]
    assert (east.region, east.percent, east.verdict) == ("us-east", 10, "pass")
    assert facts.next_step_in_seconds is not None
    assert 0 < facts.next_step_in_seconds <= 10
    assert {row["name"] for row in east.rows} == {"errors", "p95", "errors against blue", "p95 against blue"}
    assert all(row["allowed"] is not None for row in east.rows)
    assert east.age_seconds is not None
    assert facts.regions[1].verdict == ""


def test_reading_the_facts_of_a_run_takes_two_queries(
    world: World, production: Environment, django_assert_num_queries: object
) -> None:
    run = queries.run(deploy(world, "1.0.0").pk)
    with django_assert_num_queries(2):  # type: ignore[operator]
        queries.run_facts(run)


def test_samples_are_thinned_out_and_keep_the_newest(world: World, production: Environment) -> None:
    serving_version(world)
    run = deploy(world, "1.1.0")
    whole = queries.samples(run, at_most=10_000)
    few = queries.samples(run, at_most=2)
    assert len(few) <= 3 < len(whole)
    assert few[-1].seq == whole[-1].seq


def test_region_is_sent_back_by_hand_past_the_engine(world: World, production: Environment) -> None:
    blue = serving_version(world)
    run = deploy(world, "1.1.0")
    out = StringIO()
    call_command("send_back", "production", "us-east", "--slot", blue.slot, stdout=out)
    assert out.getvalue() == f"production in us-east now serves: {blue.slot} 100 %.\n"
    assert world.at("us-east").routing.weights == {blue.slot: 100}
    with pytest.raises(CommandError, match=run.slot):
        call_command("send_back", "production", "us-east", "--slot", "nonsense")
