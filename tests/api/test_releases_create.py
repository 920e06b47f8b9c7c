"""POST releases/."""

from __future__ import annotations

from typing import Any

import pytest

from releases.models import Release
from tests.api.caller import Caller, kind
from tests.releases import world

BODY: dict[str, Any] = {
    "version": "2026.11.0",
    "kind": "feature",
    "commit": "6c1f0f5b",
    "components": {"web": {"artifact": world.digest("a"), "configuration": {"LEVEL": "2"}}},
    "authors": world.DANA,
    "title": "Calendar",
    "notes": "One\nTwo",
}


def test_ci_makes_a_draft(ci: Caller) -> None:
    response = ci.call("post", "releases/", BODY)
    assert response.status_code == 201
    assert response["Location"] == "/api/v1/releases/2026.11.0/"
    made = response.json()
    assert (made["state"], made["missing"], made["created_by"]) == (
        "draft",
        ["records", "mailer"],
        "ci token",
    )
    assert made["authors"][0]["person"] == "dana"


def test_repeat_answers_the_same_release_whatever_was_added_since(ci: Caller) -> None:
    ci.ok("post", "releases/", BODY)
    ci.ok("put", "releases/2026.11.0/components/records/", {"artifact": world.digest("b")})
    again = ci.call("post", "releases/", BODY)
    assert again.status_code == 200
    assert again.json()["components"]["records"]["artifact"] == world.digest("b")
    assert Release.objects.count() == 1


def test_other_content_under_the_version_is_refused(ci: Caller) -> None:
    ci.ok("post", "releases/", BODY)
    problem = ci.no(409, "post", "releases/", {**BODY, "commit": "deadbeef"})
    assert kind(problem) == "version-taken"


def test_key_returns_the_first_answer(ci: Caller) -> None:
    first = ci.call("post", "releases/", BODY, idempotency_key="run-1")
    second = ci.call("post", "releases/", BODY, idempotency_key="run-1")
    assert (second.status_code, second.json()) == (201, first.json())
    assert second["Idempotency-Replayed"] == "true"
    ci.no(422, "post", "releases/", {**BODY, "title": "Other"}, idempotency_key="run-1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": "latest"}, "version"),
        ({"version": "1.0.0\n"}, "version"),
        ({"kind": "hotfix"}, "kind"),
        ({"kind": 3}, "kind"),
        ({"commit": ""}, "commit"),
        ({"components": {"nowhere": {"artifact": world.digest("a")}}}, "components.nowhere"),
        ({"components": {"web": {"artifact": "sha256:abc"}}}, "components.web.artifact"),
        ({"components": {"web": {"artifact": "SHA256:" + "a" * 64}}}, "components.web.artifact"),
        ({"components": {"web": {}}}, "components.web.artifact"),
        ({"components": {"web": world.digest("a")}}, "components.web"),
        ({"components": {"web": {"artifact": world.digest("a"), "tag": "x"}}}, "components.web.tag"),
        ({"components": [{"name": "web"}]}, "components"),
        ({"authors": []}, "authors"),
        ({"authors": ["dana"]}, "authors.0"),
        ({"authors": [{"host": "github.com"}]}, "authors.0.login"),
        ({"notes": "x" * 110_000}, "notes"),
        ({"notes": "bell \x07"}, "notes"),
        ({"title": "two\nlines"}, "title"),
        ({"title": {"de": "x"}}, "title"),
        ({"state": "approved"}, "state"),
        ({"window": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-01T01:00:00Z"}}, None),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    ci: Caller, changes: dict[str, Any], field: str
) -> None:
    caller = Caller("rita") if field is None else ci
    problem = caller.no(400, "post", "releases/", {**BODY, **changes})
    assert (field or "window.start") in problem["fields"], problem
    assert not Release.objects.exists()


def test_without_authors_nothing_is_made(ci: Caller) -> None:
    body = {name: value for name, value in BODY.items() if name != "authors"}
    assert "authors" in ci.no(400, "post", "releases/", body)["fields"]


def test_five_megabytes_of_notes_are_too_large(ci: Caller) -> None:
    problem = ci.no(413, "post", "releases/", {**BODY, "notes": "x" * 5_000_000})
    assert kind(problem) == "too-large"
    assert not Release.objects.exists()


def test_window_of_a_service_token_is_refused(ci: Caller) -> None:
    window = {"start": "2026-12-01T21:00:00Z", "end": "2026-12-01T22:00:00Z"}
    problem = ci.no(403, "post", "releases/", {**BODY, "window": window})
    assert "Release Manager" in problem["detail"]
    assert not Release.objects.exists()


def test_scope_and_role_are_asked(platform: None) -> None:
    assert "release" in Caller(None, "read").no(403, "post", "releases/", BODY)["detail"]
    assert "quinn may not" in Caller("quinn").no(403, "post", "releases/", BODY)["detail"]
    assert "otto may not" in Caller("otto").no(403, "post", "releases/", BODY)["detail"]
