"""PATCH releases/{version}/ and PUT …/components/{name}/."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from events import clock
from releases.states import ReleaseState
from tests.api.caller import Caller, kind
from tests.releases import world

ONE = "releases/2026.11.0/"
WEB = f"{ONE}components/web/"


def in_hours(hours: float) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()


def test_notes_change_and_void_nothing(ci: Caller) -> None:
    release = world.in_review()
    changed = ci.ok("patch", ONE, {"notes": "Other\nnotes", "title": "Other"})
    assert (changed["notes"], changed["title"]) == ("Other\nnotes", "Other")
    assert (changed["state"], changed["seal"]) == ("review", release.seal)


def test_commit_returns_the_release_to_draft(ci: Caller) -> None:
    world.in_review()
    changed = ci.ok("patch", ONE, {"commit": "fee1dead"})
    assert (changed["state"], changed["gate"], changed["seal"]) == ("draft", None, None)


def test_stale_if_match_changes_nothing(ci: Caller) -> None:
    world.draft()
    tag = ci.call("get", ONE)["ETag"]
    ci.ok("patch", ONE, {"title": "First"}, if_match=tag)
    problem = ci.no(412, "patch", ONE, {"title": "Second"}, if_match=tag)
    assert kind(problem) == "stale"
    assert ci.ok("get", ONE)["title"] == "First"
    ci.no(412, "put", WEB, {"artifact": world.digest("c")}, if_match=tag)
    ci.no(412, "patch", ONE, {"title": "Second"}, if_match='"other"')
    ci.no(400, "patch", ONE, {"title": "Second"}, if_match="other")


def test_only_a_release_manager_moves_the_window(ci: Caller) -> None:
    world.draft()
    window = {"start": in_hours(1), "end": in_hours(2), "zone": "Europe/Berlin"}
    ci.no(403, "patch", ONE, {"window": window})
    changed = Caller("rita").ok("patch", ONE, {"window": window})
    assert changed["window"]["zone"] == "Europe/Berlin"
    assert Caller("rita").ok("patch", ONE, {"window": None})["window"] is None


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"start": in_hours(-3), "end": in_hours(-2)}, "window.start"),
        ({"start": in_hours(2), "end": in_hours(1)}, "window.end"),
        ({"start": in_hours(1), "end": in_hours(90)}, "window.end"),
        ({"start": in_hours(1)}, "window.end"),
        ({"start": "tonight", "end": "later"}, "window.start"),
        ({"start": "9999-12-31T23:59:59-23:59", "end": "9999-12-31T23:59:59Z"}, "window.start"),
        ({"start": in_hours(1), "end": in_hours(2), "zone": "Mars/Olympus"}, "window.zone"),
        ({"start": in_hours(1), "end": in_hours(2), "place": "x"}, "window.place"),
        ("tonight", "window"),
        ([1, 2], "window"),
    ],
)
def test_window_that_cannot_be_is_refused(platform: None, window: Any, field: str) -> None:
    release = world.draft()
    problem = Caller("rita").no(400, "patch", ONE, {"window": window})
    assert field in problem["fields"], problem
    assert world.again(release).revision == release.revision


def test_window_inside_a_freeze_names_the_freeze(platform: None) -> None:
    world.draft()
    rita = Caller("rita")
    freeze = {"name": "Peak", "reason": "Peak", "starts_at": in_hours(0), "ends_at": in_hours(5)}
    rita.ok("post", "freezes/", freeze)
    problem = rita.no(400, "patch", ONE, {"window": {"start": in_hours(1), "end": in_hours(2)}})
    assert "Peak" in problem["fields"]["window.start"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "approved"}, "state"),
        ({"version": "2.0.0"}, "version"),
        ({"notes": 5}, "notes"),
        ({"notes": "\x00"}, "notes"),
        ({"kind": "x"}, "kind"),
        ({"authors": []}, "authors"),
        ({"authors": None}, "authors"),
        ({"components": {}}, "components"),
        ([], "(body)"),
    ],
)
def test_bad_change_names_its_field(ci: Caller, body: Any, field: str) -> None:
    release = world.draft()
    assert field in ci.no(400, "patch", ONE, body)["fields"]
    assert world.again(release).revision == release.revision


def test_each_pipeline_gives_its_own_digest(ci: Caller) -> None:
    world.draft(components={})
    for name in world.COMPONENTS:
        changed = ci.ok("put", f"{ONE}components/{name}/", {"artifact": world.digest("e"), "version": "1.2"})
    assert changed["missing"] == []
    assert changed["components"]["web"]["version"] == "1.2"


def test_new_digest_voids_what_was_proved(ci: Caller) -> None:
    release = world.in_review()
    world.sign(release, "quinn")
    changed = ci.ok("put", WEB, {"artifact": world.digest("f")})
    assert (changed["state"], changed["gate"]) == ("draft", None)
    assert {item["state"] for item in changed["validations"]} == {"stale"}


def test_same_digest_changes_nothing(ci: Caller) -> None:
    release = world.in_review()
    assert ci.ok("put", WEB, {"artifact": world.digest("a")})["revision"] == release.revision


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("nowhere", {"artifact": world.digest("a")}, "component"),
        ("web", {}, "artifact"),
        ("web", {"artifact": "latest"}, "artifact"),
        ("web", {"artifact": world.digest("a"), "migration": {"class": "maybe"}}, "migration.class"),
        ("web", {"artifact": world.digest("a"), "migration": "expand"}, "migration"),
        ("web", {"artifact": world.digest("a"), "configuration": ["A=1"]}, "configuration"),
        ("web", {"artifact": world.digest("a"), "configuration": {"A": 1}}, "configuration.A"),
        ("web", {"artifact": world.digest("a"), "replicas": 3}, "replicas"),
    ],
)
def test_bad_component_names_its_field(ci: Caller, name: str, body: Any, field: str) -> None:
    world.draft()
    assert field in ci.no(400, "put", f"{ONE}components/{name}/", body)["fields"]


def test_wrong_state_is_named_with_the_way_on(ci: Caller) -> None:
    world.completed("2026.11.0")
    problem = ci.no(409, "put", WEB, {"artifact": world.digest("f")})
    assert kind(problem) == "wrong-state"
    assert "completed" in problem["detail"]
    assert "follow-up" in problem["detail"]


def test_person_who_changes_content_becomes_an_author(platform: None) -> None:
    world.draft()
    changed = Caller("devon").ok("put", WEB, {"artifact": world.digest("f")})
    assert {"devon", "dana"} == {author["person"] for author in changed["authors"]}
    assert world.Release.objects.get().status == ReleaseState.DRAFT
