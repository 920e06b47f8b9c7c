"""POST …/sign-offs/, DELETE …/sign-offs/{id}/, POST …/decision/, POST …/watching/."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.models import SignOff
from releases.models import Release
from tests.api.caller import Caller, kind
from tests.releases import world

ONE = "releases/2026.11.0/"
SIGN, DECIDE = f"{ONE}sign-offs/", f"{ONE}decision/"


def go(release: Release, role: str = "qa_lead", **changes: Any) -> dict[str, Any]:
    return {"role": role, "answer": "go", "seal": release.seal, "remark": "", **changes}


def test_person_signs_with_their_own_token(platform: None) -> None:
    release = world.in_review()
    given = Caller("quinn").ok("post", SIGN, go(release))
    assert (given["by"], given["meaning"], given["stands"]) == (
        "quinn",
        "accepted by quality assurance",
        True,
    )
    factors = SignOff.objects.get().factors
    assert (factors["channel"], factors["factor"]) == ("token", "totp")


def test_repeat_under_a_key_signs_once(platform: None) -> None:
    release = world.in_review()
    quinn = Caller("quinn")
    first = quinn.ok("post", SIGN, go(release), idempotency_key="s")
    assert quinn.ok("post", SIGN, go(release), idempotency_key="s") == first
    assert quinn.no(409, "post", SIGN, go(release))["detail"]


def test_author_signs_nothing(platform: None) -> None:
    authors = [{"host": "github.com", "login": "quinn-gh"}]
    release = world.in_review(authors=authors)
    problem = Caller("quinn").no(403, "post", SIGN, go(release))
    assert "author" in problem["detail"]
    assert not SignOff.objects.exists()


def test_no_token_without_scope_and_no_service_signs(ci: Caller) -> None:
    release = world.in_review()
    assert "sign" in Caller("quinn", "read", "release").no(403, "post", SIGN, go(release))["detail"]
    ci.no(403, "post", SIGN, go(release))
    Caller("dana").no(403, "post", SIGN, go(release))
    assert not SignOff.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "king"}, "role"),
        ({"role": 1}, "role"),
        ({"answer": "maybe"}, "answer"),
        ({"answer": "no_go"}, "remark"),
        ({"seal": None}, "seal"),
        ({"remark": "\x07"}, "remark"),
        ({"by": "quinn"}, "by"),
    ],
)
def test_bad_signature_names_its_field(platform: None, changes: dict[str, Any], field: str) -> None:
    release = world.in_review()
    assert field in Caller("quinn").no(400, "post", SIGN, go(release, **changes))["fields"]
    assert not SignOff.objects.exists()


def test_wrong_seal_and_wrong_state_are_refused(platform: None) -> None:
    release = world.in_review()
    problem = Caller("quinn").no(409, "post", SIGN, go(release, seal="0" * 64))
    assert kind(problem) == "wrong-seal"
    world.draft("2.0.0")
    problem = Caller("quinn").no(409, "post", "releases/2.0.0/sign-offs/", go(release))
    assert "draft" in problem["detail"]


def test_no_go_rejects(platform: None) -> None:
    release = world.in_review()
    Caller("sasha").ok("post", SIGN, go(release, "security_officer", answer="no_go", remark="CVE"))
    assert world.again(release).state == "rejected"


def test_signature_is_withdrawn_by_its_owner_alone(platform: None) -> None:
    release = world.in_review()
    pk = Caller("quinn").ok("post", SIGN, go(release))["id"]
    Caller("sasha").no(403, "delete", f"{SIGN}{pk}/", {"reason": "Not mine"})
    Caller("quinn").no(400, "delete", f"{SIGN}{pk}/")
    assert Caller("quinn").ok("delete", f"{SIGN}{pk}/?reason=Too+early")["stands"] is False
    Caller("quinn").no(409, "delete", f"{SIGN}{pk}/", {"reason": "Twice"})


def test_signature_of_another_release_is_not_found_here(platform: None) -> None:
    pk = Caller("quinn").ok("post", SIGN, go(world.in_review()))["id"]
    world.in_review("2.0.0")
    Caller("quinn").no(404, "delete", f"releases/2.0.0/sign-offs/{pk}/", {"reason": "x"})
    Caller("quinn").no(404, "delete", f"{SIGN}999999999999999999/", {"reason": "x"})
    Caller("quinn").no(404, "delete", f"{SIGN}99999999999999999999999/", {"reason": "x"})


def test_go_is_decided_by_the_release_manager(platform: None) -> None:
    release = world.in_review()
    world.sign(release)
    world.open_window(release)
    Caller("devon").no(403, "post", DECIDE, {"answer": "go", "seal": release.seal})
    decided = Caller("rita").ok("post", DECIDE, {"answer": "go", "seal": release.seal}, idempotency_key="d")
    assert (decided["by"], decided["stands"]) == ("rita", True)
    assert world.again(release).state == "approved"


def test_go_names_what_is_missing(platform: None) -> None:
    release = world.in_review()
    problem = Caller("rita").no(409, "post", DECIDE, {"answer": "go", "seal": release.seal})
    assert {"window", "signatures"} & {blocker["code"] for blocker in problem["blockers"]}


def test_postponed_release_waits_in_review(platform: None) -> None:
    release = world.approved()
    body = {"answer": "postpone", "seal": release.seal, "reason": "Clinic asks for it"}
    assert Caller("rita").ok("post", DECIDE, body)["answer"] == "postpone"
    assert world.again(release).state == "review"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"answer": "yes"}, "answer"),
        ({"answer": "go", "seal": 5}, "seal"),
        ({"answer": "go", "window": []}, "window"),
    ],
)
def test_bad_decision_names_its_field(platform: None, body: Any, field: str) -> None:
    world.in_review()
    assert field in Caller("rita").no(400, "post", DECIDE, body)["fields"]


def test_devops_engineer_says_that_they_watch(platform: None) -> None:
    world.approved()
    assert Caller("devon").ok("post", f"{ONE}watching/")["by"] == "devon"
    Caller("rita").no(403, "post", f"{ONE}watching/")
