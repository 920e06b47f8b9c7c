"""GET …/readiness/."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events import clock
from tests.api.caller import Caller
from tests.releases import world

READY = "releases/2026.11.0/readiness/"


def test_clear_facts_say_go(ci: Caller) -> None:
    release = world.approved()
    world.brief(release)
    answer = ci.ok("get", f"{READY}?environment=production&moment=start")
    assert (answer["answer"], answer["blockers"], answer["seal"]) == ("go", [], release.seal)
    assert {"window", "signatures", "backup_age"} <= {fact["name"] for fact in answer["facts"]}


def test_missing_facts_say_wait_and_when_to_ask_again(ci: Caller) -> None:
    world.approved()
    response = ci.call("get", READY)
    assert response.json()["answer"] == "wait"
    assert int(response["Retry-After"]) > 0
    assert response["Cache-Control"] == "private, no-cache"
    assert response.json()["blockers"][0]["code"] == "backup_age"


def test_cancelled_release_says_no_go(ci: Caller) -> None:
    world.in_review()
    Caller("rita").ok("post", "releases/2026.11.0/cancel/", {"reason": "Replaced"})
    response = ci.call("get", READY)
    assert response.json()["answer"] == "no_go"
    assert "Retry-After" not in response


def test_tag_stays_while_only_ages_grow(ci: Caller) -> None:
    release = world.approved()
    world.brief(release)
    tag = ci.call("get", READY)["ETag"]
    with clock.at(clock.now() + timedelta(seconds=20)):
        assert ci.call("get", READY, if_none_match=tag).status_code == 304
    with clock.at(clock.now() + timedelta(seconds=1000)):
        later = ci.call("get", READY, if_none_match=tag)
    assert (later.status_code, later.json()["answer"]) == (200, "wait")


@pytest.mark.parametrize("moment", ["sign", "go", "start", "carry_on"])
def test_every_moment_is_answered(ci: Caller, moment: str) -> None:
    world.in_review()
    assert ci.ok("get", f"{READY}?moment={moment}")["moment"] == moment


def test_staging_is_answered_too(ci: Caller) -> None:
    world.draft()
    assert ci.ok("get", f"{READY}?environment=staging")["answer"] == "go"


@pytest.mark.parametrize(
    ("query", "status"),
    [("moment=now", 400), ("environment=moon", 404), ("when=now", 400), ("moment=go&moment=sign", 400)],
)
def test_unknown_questions_are_refused(ci: Caller, query: str, status: int) -> None:
    world.draft()
    ci.no(status, "get", f"{READY}?{query}")
