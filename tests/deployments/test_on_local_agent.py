"""The engine on the real local target: real processes, proxies, migrations and foreign load.

One agent for the file; its tests go on from each other, as releases do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from deployments import queries
from deployments.services import closing, steer
from deployments.states import RunState
from tests import once
from tests.cast import actor
from tests.deployments.engine import ACTOR, state_is
from tests.deployments.local_site import SERVER, Site, open_site, until
from tests.platforms.agent_fixture import build_example, running_agent
from tests.platforms.load import Load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SERVER, reason="needs a PostgreSQL in which databases may be made"),
]
RATE = 15
"""Requests a second from outside, in each region."""


@pytest.fixture(scope="module")
def site(django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """The environment of the file, in a database whose rows stay from test to test."""
    with (
        django_db_blocker.unblock(),
        once.own_tables(f"on_local_agent_{os.getpid()}"),
        running_agent() as agent,
        open_site(agent, build_example(agent)) as opened,
    ):
        yield opened


def test_bad_release_comes_back_by_itself(site: Site) -> None:
    blue = site.blue()
    run = site.queue("fails-8-percent", bake_seconds=20)
    with Load(site.edge(), RATE) as here, Load(site.edge("eu-central"), RATE):
        run = until(run, state_is(RunState.ROLLED_BACK))
    assert "requests failed" in run.sentence
    assert site.weights("us-east") == site.weights("eu-central") == {blue.slot: 100}
    assert set(here.answers) <= {"200", "502"}


def test_migration_that_fails_stops_before_anything_starts(site: Site) -> None:
    blue = site.blue()
    run = until(site.queue("bad-migration"), state_is(RunState.FAILED))
    assert "migrate_expand of records ended with code 1" in run.sentence
    assert site.weights("us-east") == {blue.slot: 100}
    retire = queries.waiting_runs(site.environment).get()
    until(retire, state_is(RunState.SUCCEEDED))
    seen = site.agent.open(site.environment.name, "us-east", "production").observe()
    assert [slot.slot for slot in seen.slots] == [blue.slot]


def test_abort_in_the_middle_is_back_within_seconds(site: Site) -> None:
    blue = site.blue()
    run = site.queue("good-2", bake_seconds=60)
    with Load(site.edge(), RATE) as here:
        run = until(run, lambda r: r.steps.filter(kind="shift", state="running").exists())
        until(run, lambda _: site.weights("us-east").get(run.slot) == 20)
        steer.abort(run.pk, actor=actor("sue"), reason="Wrong figures")
        began = time.monotonic()
        run = until(run, state_is(RunState.ROLLED_BACK))
        assert time.monotonic() - began < 20
    assert site.weights("us-east") == {blue.slot: 100}
    assert dict(here.answers) == {"200": here.total}


def test_shift_under_load_loses_no_request_and_the_old_colour_goes(site: Site) -> None:
    blue = site.blue()
    run = site.queue("good-2")
    with Load(site.edge(), RATE) as here, Load(site.edge("eu-central"), RATE) as there:
        run = until(run, state_is(RunState.SUCCEEDED))
    assert dict(here.answers) == {"200": here.total}
    assert dict(there.answers) == {"200": there.total}
    assert set(here.slots) == {blue.slot, run.slot}
    assert site.weights("us-east") == site.weights("eu-central") == {run.slot: 100}
    retire = closing.close(run.pk, actor=ACTOR)
    assert retire is not None
    until(retire, state_is(RunState.SUCCEEDED))
    (live, _) = queries.live_where(site.environment)
    assert (live.release, {c.version for c in live.components} >= {"5.4.0"}) == ("good-2", True)
    assert run.lines.filter(kind="log", source="records/migrate_expand").exists()
