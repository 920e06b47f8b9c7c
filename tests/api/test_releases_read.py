"""GET releases/{version}/."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.api.caller import Caller, kind
from tests.releases import world


@pytest.mark.parametrize("state", world.STATES)
def test_release_is_shown_whole_in_every_state(ci: Caller, state: str) -> None:
    version = world.STATES[state]().version
    shown = ci.ok("get", f"releases/{version}/")
    assert shown["state"] == state
    assert shown["headline"].endswith(".")
    assert shown["plan"]
    assert len(shown["live_seal"]) == 64


def test_tag_changes_with_every_change_and_saves_the_answer(ci: Caller) -> None:
    world.in_review()
    first = ci.call("get", "releases/2026.11.0/")
    assert ci.call("get", "releases/2026.11.0/", if_none_match=first["ETag"]).status_code == 304
    world.sign(world.Release.objects.get(), "quinn")
    second = ci.call("get", "releases/2026.11.0/", if_none_match=first["ETag"])
    assert second.status_code == 200
    assert second["ETag"] != first["ETag"]
    assert second["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("version", ["9.9.9", "nope", "%01", "a b", "%F0%9F%98%80", "x" * 150, ".."])
def test_unknown_version_is_not_found(ci: Caller, version: str) -> None:
    assert kind(ci.no(404, "get", f"releases/{version}/")) == "not-found"


def test_signatures_and_who_is_still_asked_are_shown(ci: Caller) -> None:
    release = world.in_review()
    world.sign(release, "quinn")
    asked = {row["role"]: row for row in ci.ok("get", "releases/2026.11.0/")["gate"]["requirements"]}
    assert asked["qa_lead"]["signoffs"][0]["by"] == "quinn"
    assert (asked["qa_lead"]["state"], asked["security_officer"]["state"]) == ("signed", "waiting")
    assert asked["security_officer"]["who_can"] == ["sasha"]


def test_queries_do_not_grow_with_what_a_release_holds(
    ci: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    authors = [*world.DANA, *({"login": f"{name}-gh"} for name in ("devon", "otto", "sue"))]
    world.sign(world.in_review(authors=authors))
    with django_assert_max_num_queries(24):
        ci.ok("get", "releases/2026.11.0/")
