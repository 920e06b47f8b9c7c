"""Readiness is answered again without being worked out, and never otherwise than it would be worked out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.models import Deputy, User
from accounts.roles import Role
from accounts.services.roles import grant_role
from approvals.models import Review
from approvals.services import reviews
from approvals.services.signing import sign
from deployments.models import DeploymentRun, Environment, EnvironmentLock, TargetView
from events import clock
from releases import queries
from releases.api import kept
from releases.api.whole import tag, whole
from releases.models import Component, FactDefinition, Freeze, Release
from releases.queries.state_version import state_version
from releases.services import emergency
from releases.states import MOMENTS
from tests.api.caller import Caller
from tests.cast import SETUP, actor
from tests.releases import world

READY = "releases/2026.11.0/readiness/"
TABLE = re.compile(r'(?:FROM|JOIN) "(\w+)"')


def state(*, whole: bool = False) -> str | None:
    return state_version("2026.11.0", clock.now(), whole=whole)


def asked(ci: Caller, **headers: str) -> tuple[Any, int]:
    with CaptureQueriesContext(connection) as caught:
        answer = ci.call("get", READY, **headers)
    return answer, len(caught)


def test_same_question_costs_the_token_and_the_state(ci: Caller) -> None:
    world.approved()
    first, worked_out = asked(ci)
    again, kept = asked(ci)
    same, unchanged = asked(ci, if_none_match=first["ETag"])
    assert (kept, unchanged, same.status_code) == (2, 2, 304)
    assert worked_out <= 20
    assert (again.json(), again["ETag"]) == (first.json(), first["ETag"])


def test_release_is_kept_until_its_window_opens(ci: Caller) -> None:
    release = world.approved()
    one = f"releases/{release.version}/"
    ci.ok("get", one)
    with CaptureQueriesContext(connection) as caught:
        first = ci.call("get", one)
    assert len(caught) == 2
    assert ci.call("get", one, if_none_match=first["ETag"]).status_code == 304
    with clock.at(release.window_end):
        later = ci.call("get", one, if_none_match=first["ETag"])
    assert (later.status_code, later["ETag"] == first["ETag"]) == (200, False)
    assert "its window ended" in later.json()["headline"]


def test_ages_of_a_kept_answer_are_of_the_moment(ci: Caller) -> None:
    world.brief(world.approved())
    now = clock.now()

    def ages() -> list[int]:
        facts = ci.ok("get", READY)["facts"]
        return [fact["age_seconds"] for fact in facts if fact["age_seconds"] is not None]

    with clock.at(now):
        before = ages()
    with clock.at(now + timedelta(seconds=30)):
        assert ages() == [age + 30 for age in before] != []


@pytest.mark.parametrize("made", [world.draft, world.in_review, world.approved, world.deploying])
def test_every_table_that_an_answer_reads_is_in_the_state(
    platform: None, made: Callable[[], Release]
) -> None:
    made()
    Caller("sue").ok("post", "emergency-stops/", {"reason": "Look first"})
    Freeze.objects.create(name="Night", **FREEZE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'releases_state'")
        named = set(re.findall(r"FROM (\w+)", cursor.fetchone()[0]))
    for moment, environment in [(m, None) for m in MOMENTS] + [("start", "staging")]:
        with CaptureQueriesContext(connection) as caught:
            release = queries.get_to_show("2026.11.0")
            queries.readiness(release, moment, environment)  # type: ignore[arg-type]
            tag(release, whole(release))
        read = {table for query in caught.captured_queries for table in TABLE.findall(query["sql"])}
        assert read - named == set()


FREEZE = {
    "starts_at": clock.now() + timedelta(days=1),
    "ends_at": clock.now() + timedelta(days=2),
    "zone": "UTC",
    "environments": ["production"],
    "passes": [],
    "reason": "Quiet",
    "by": SETUP.id,
    "added_at": clock.now(),
}


def _lend() -> None:
    rita, quinn = (User.objects.get(username=name) for name in ("rita", "quinn"))
    now = clock.now()
    Deputy.objects.create(
        principal=rita,
        deputy=quinn,
        role=Role.RELEASE_MANAGER,
        since=now - timedelta(hours=1),
        until=now + timedelta(hours=1),
        given_by=SETUP.id,
        given_at=now,
        reason="Away",
    )


def _lock() -> None:
    production = Environment.objects.get(name="production")
    EnvironmentLock.objects.create(environment=production, reason="Bad", since=clock.now(), by=SETUP.id)


CHANGES: dict[str, Callable[[], object]] = {
    "a fact": lambda: world.brief(queries.get("2026.11.0")),
    "a role": lambda: grant_role(User.objects.get(username="otto"), Role.QA_LEAD, SETUP),
    "a person": lambda: User.objects.filter(username="quinn").update(is_active=False),
    "a deputy": _lend,
    "a freeze": lambda: Freeze.objects.create(name="Night", **FREEZE),
    "a lock": _lock,
    "a stop": lambda: Caller("sue").ok("post", "emergency-stops/", {"reason": "Look first"}),
    "a target": lambda: TargetView.objects.update(reachable=False),
    "a component": lambda: Component.objects.filter(name="web").update(retired_at=clock.now()),
    "a definition": lambda: FactDefinition.objects.all().delete(),
    "a signature": lambda: world.sign(queries.get("2026.11.0"), "quinn"),
    "the window": lambda: Release.objects.filter(version="2026.11.0").update(window_end=clock.now()),
    "a run's end": lambda: DeploymentRun.objects.update(closed_at=clock.now()),
    "a weight": lambda: TargetView.objects.update(weights={"blue": 1}),
    "the way": lambda: Environment.objects.filter(name="production").update(strategy={}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_state_is_another_after(change: str, platform: None) -> None:
    world.in_review()
    world.open_window(queries.get("2026.11.0"))
    before = state()
    assert state() == before
    CHANGES[change]()
    assert state() not in (before, None)


LOOKED: dict[str, dict[str, str]] = {
    "deployments_environment": {"fence": "fence + 1"},
    "deployments_targetview": {
        "seen_at": "now()",
        "tried_at": "now()",
        "sentence": "'It answers.'",
        "fence": "fence + 1",
        "background": "'other'",
        "addresses": """'{"other": 1}'""",
    },
    "deployments_deploymentrun": {
        "link": "'/other/'",
        "blue_id": "NULL",
        "intent": "'pause'",
        "reason": "'other'",
        "clearance_until": "now()",
        "clearance_sentence": "'other'",
        "verdicts": """'{"other": 1}'""",
        "memory": """'{"other": 1}'""",
        "lease_until": "now()",
        "lease_owner": "'other'",
        "fence": "fence + 1",
        "next_look_at": "now()",
        "queued_at": "now()",
        "started_at": "now()",
        "traffic_at": "now()",
        "retained_until": "now()",
    },
}
"""What is not in the state, though a look or an act may write it."""
FROZEN = {
    "id",
    "content",
    "plan",
    "retires_id",
    "stream",
    "release_kind",
    "seal",
    "needs_proof",
    "proved_by_id",
}
FROZEN |= {"emergency", "started_by"}
"""What the database lets nobody change."""


def source_of(source: str, table: str) -> str:
    """What the state says of that table's rows."""
    return next(part for part in source.split("coalesce(") if f"FROM {table} x" in part)


def answers(*, whole_too: bool = True) -> list[Any]:
    release = queries.get_to_show("2026.11.0")
    asked = [queries.readiness(release, moment).facts for moment in MOMENTS]
    facts = [[replace(fact, age_seconds=None) for fact in one] for one in asked]
    return [facts, whole(release) if whole_too else None]


@pytest.mark.parametrize("made", [world.in_review, world.approved, world.deploying])
def test_what_is_not_in_the_state_changes_no_answer(platform: None, made: Callable[[], Release]) -> None:
    release = made()
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'releases_state'")
        source = cursor.fetchone()[0]
        before, states = answers(), (state(), state(whole=True))
        for table, values in LOOKED.items():
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table]
            )
            columns = {name for (name,) in cursor.fetchall()}
            named = columns if "jsonb(x)" in source_of(source, table) else set()
            named = named | set(re.findall(r"x\.(\w+)", source_of(source, table)))
            assert columns - values.keys() - FROZEN <= named
            cursor.execute(f"UPDATE {table} SET {', '.join(f'{c} = {v}' for c, v in values.items())}")
        assert (state(), state(whole=True)) == states
        assert answers() == before
        DeploymentRun.objects.update(sentence="50 %, all is well.")
        assert state() == states[0]
        assert answers(whole_too=False)[0] == before[0]
        own = release.staging_run_id is not None or release.production_run_id is not None
        assert (state(whole=True) != states[1]) is own


def test_deputy_whose_time_comes_makes_another_state(platform: None) -> None:
    world.in_review()
    _lend()
    begun = clock.now()
    before, lent, still, after = (
        state_version("2026.11.0", begun + timedelta(minutes=minutes), whole=False)
        for minutes in (-90, 0, 30, 90)
    )
    assert before == after != lent == still


def test_release_that_is_not_there_has_no_state(platform: None) -> None:
    assert state() is None


def test_window_that_opens_and_ends_changes_the_answer_without_any_act(ci: Caller) -> None:
    release = world.approved()
    end = release.window_end
    assert end is not None
    seen = []
    for moment in (end - timedelta(seconds=2), end - timedelta(seconds=1), end):
        with clock.at(moment):
            facts = {fact["name"]: fact["verdict"] for fact in ci.ok("get", READY)["facts"]}
        seen.append(facts["window"])
    assert seen == ["clear", "clear", "blocks"]


def test_freeze_that_begins_and_ends_changes_the_answer_without_any_act(ci: Caller) -> None:
    world.approved()
    begins = clock.now() + timedelta(seconds=20)
    Freeze.objects.create(
        name="Night", **FREEZE | {"starts_at": begins, "ends_at": begins + timedelta(seconds=9)}
    )
    seen = []
    for seconds in (-3, -2, 0, 8, 9, 10):
        with clock.at(begins + timedelta(seconds=seconds)):
            facts = {fact["name"]: fact["verdict"] for fact in ci.ok("get", READY)["facts"]}
        seen.append(facts["freeze"])
    assert seen == ["clear", "clear", "blocks", "blocks", "clear", "clear"]


def test_state_is_another_once_what_follows_another_releases_review_is_named(platform: None) -> None:
    world.in_review()
    other = world.in_review("2026.12.0")
    emergency.break_glass(other.version, actor=actor("rita"), reason="Outage.", seal=other.seal)
    gate = Review.objects.get().gate
    before = state()
    sign(gate.pk, actor=actor("quinn"), role="qa_lead", answer="no_go", remark="Untested.", seal=gate.seal)
    vetoed = state()
    reviews.follow_up(gate.review.pk, actor=actor("sasha"), text="Tested by Friday.")
    assert len({before, vetoed, state()}) == 3


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_make_one_piece_of_work() -> None:
    question, askers, worked = ("none-such", "at once"), 4, []
    patience = time.monotonic() + 30

    def work_out() -> tuple[dict[str, Any], str, None]:
        while kept.waiting(question) < askers and time.monotonic() < patience:
            pass
        worked.append(1)
        return {"said": len(worked)}, "tag", None

    def ask(_: int) -> dict[str, Any]:
        try:
            return kept.answer(question, work_out)[0].body
        finally:
            connections.close_all()

    with ThreadPoolExecutor(askers) as threads:
        assert list(threads.map(ask, range(askers), timeout=60)) == [{"said": 1}] * askers
    assert kept.waiting(question) == 0


def test_who_waits_for_work_that_fails_works_alone(ci: Caller) -> None:
    for _ in range(2):
        assert ci.call("get", "releases/2026.99.0/readiness/").status_code == 404
    assert kept.waiting(("2026.99.0", "start", "")) == 0
