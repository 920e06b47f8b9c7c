"""The verbs that move a release: one or two tests each, and what each refuses."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.models import DeploymentRun
from releases.models import Release
from tests.api.caller import Caller, kind
from tests.releases import world
from tests.releases.begin import Begun

ONE = "releases/2026.11.0/"


def state() -> str:
    return str(Release.objects.get(version="2026.11.0").state)


def test_ci_stages_and_gets_the_run_to_follow(ci: Caller) -> None:
    world.draft()
    response = ci.call("post", f"{ONE}stage/", {})
    assert response.status_code == 202
    run = response.json()["run"]
    assert response["Location"] == f"/api/v1/deployments/{run}/"
    assert (response.json()["state"], response.json()["staging_run"]) == ("staging", run)


def test_development_leaves_a_draft(ci: Caller) -> None:
    world.draft()
    started = ci.ok("post", f"{ONE}stage/", {"environment": "development"})
    assert (started["state"], started["staging_run"]) == ("draft", None)
    assert DeploymentRun.objects.get(pk=started["run"]).environment.name == "development"


def test_stage_names_missing_digests_and_who_gives_them(ci: Caller) -> None:
    world.draft(components={"web": {"artifact": world.digest("a")}})
    problem = ci.no(409, "post", f"{ONE}stage/")
    assert kind(problem) == "not-ready"
    assert "records" in problem["blockers"][0]["sentence"]
    assert not DeploymentRun.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"environment": "production"}, 403),
        ({"environment": "moon"}, 404),
        ({"environment": 1}, 400),
        ({"to": "x"}, 400),
    ],
)
def test_stage_elsewhere_is_refused(ci: Caller, body: Any, status: int) -> None:
    world.draft()
    ci.no(status, "post", f"{ONE}stage/", body)
    assert state() == "draft"


def test_token_limited_to_development_does_not_stage(platform: None) -> None:
    world.draft()
    narrow = Caller(None, "read", "release", "stage", environments=("development",))
    assert "staging" in narrow.no(403, "post", f"{ONE}stage/")["detail"]
    narrow.ok("post", f"{ONE}stage/", {"environment": "development"})


def test_repeat_under_a_key_stages_once(ci: Caller) -> None:
    world.draft()
    first = ci.ok("post", f"{ONE}stage/", {}, idempotency_key="k")
    assert ci.ok("post", f"{ONE}stage/", {}, idempotency_key="k") == first
    assert DeploymentRun.objects.count() == 1
    ci.no(409, "post", f"{ONE}stage/", {})


def test_submit_asks_the_roles(ci: Caller) -> None:
    world.record_all(world.staged())
    submitted = ci.ok("post", f"{ONE}submit/")
    assert (submitted["state"], submitted["seal"]) == ("review", submitted["gate"]["seal"])


def test_submit_names_everything_that_is_missing(ci: Caller) -> None:
    world.staged()
    problem = ci.no(409, "post", f"{ONE}submit/")
    assert {"checklist", "validations"} <= {blocker["code"] for blocker in problem["blockers"]}
    assert state() == "validating"


def test_support_rolls_back_with_a_reason(platform: None) -> None:
    world.monitoring()
    sue = Caller("sue")
    assert "reason" in sue.no(400, "post", f"{ONE}rollback/", {})["fields"]
    run = sue.ok("post", f"{ONE}rollback/", {"reason": "Bookings fail"})["run"]
    assert DeploymentRun.objects.get(pk=run).state == "rolling_back"


class TestApproved(Begun):
    """What a release with its go does and refuses."""

    begin = staticmethod(world.approved)

    def test_devops_engineer_starts_production_with_the_seal(self, release: Release) -> None:
        world.brief(release)
        devon = Caller("devon")
        assert kind(devon.no(409, "post", f"{ONE}deploy/", {"seal": "0" * 64})) == "wrong-seal"
        devon.no(400, "post", f"{ONE}deploy/", {})
        started = devon.ok("post", f"{ONE}deploy/", {"seal": release.seal}, idempotency_key="go")
        assert (started["state"], started["production_run"]) == ("deploying", started["run"])

    def test_start_names_what_is_missing(self, release: Release) -> None:
        problem = Caller("devon").no(409, "post", f"{ONE}deploy/", {"seal": release.seal})
        assert "backup_age" in {blocker["code"] for blocker in problem["blockers"]}
        assert state() == "approved"

    def test_only_a_security_release_is_an_emergency(self, release: Release) -> None:
        body = {"seal": release.seal, "emergency": True, "reason": "Now"}
        assert "emergency" in Caller("devon").no(400, "post", f"{ONE}deploy/", body)["fields"]
        Caller("devon").no(400, "post", f"{ONE}deploy/", {**body, "emergency": "yes"})

    def test_service_token_never_starts_production(self, release: Release, ci: Caller) -> None:
        assert "deploy" in ci.no(403, "post", f"{ONE}deploy/", {"seal": release.seal})["detail"]

    def test_nothing_rolls_back_before_it_started(self) -> None:
        problem = Caller("sue").no(409, "post", f"{ONE}rollback/", {"reason": "No"})
        assert "approved" in problem["detail"]


class TestRolledBack(Begun):
    """What follows a release that came back."""

    begin = staticmethod(world.rolled_back)

    def test_lessons_lift_the_lock_and_go_with_the_follow_up(self) -> None:
        rita = Caller("rita")
        problem = rita.no(409, "post", f"{ONE}follow-up/", {"new_version": "2026.11.1"})
        assert "lessons" in problem["detail"]
        body = {"cause": "Cache", "lessons": "Warm it", "actions": ["Warm the cache"]}
        assert rita.ok("post", f"{ONE}lessons/", body)["by"] == "rita"
        made = rita.call("post", f"{ONE}follow-up/", {"new_version": "2026.11.1"})
        assert (made.status_code, made["Location"]) == (201, "/api/v1/releases/2026.11.1/")
        assert made.json()["follows"] == "2026.11.0"
        assert "Warm the cache" in {item["title"] for item in made.json()["checklist"]}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"cause": "x"}, "lessons"),
            ({"cause": "", "lessons": "y"}, "cause"),
            ({"cause": "x", "lessons": "y", "actions": "z"}, "actions"),
            ({"cause": "x", "lessons": "y", "actions": [5]}, "actions.0"),
            ({"cause": "x" * 30_000, "lessons": "y"}, "cause"),
        ],
    )
    def test_bad_lessons_name_their_field(self, body: Any, field: str) -> None:
        assert field in Caller("rita").no(400, "post", f"{ONE}lessons/", body)["fields"]


class TestCompleted(Begun):
    """What follows a release that went well."""

    begin = staticmethod(lambda: world.completed("2026.11.0"))

    @pytest.mark.parametrize("version", ["nope", "2026.11.0", ""])
    def test_follow_up_needs_a_free_version(self, version: str) -> None:
        answer = Caller("rita").call("post", f"{ONE}follow-up/", {"new_version": version})
        assert answer.status_code in (400, 409)
        assert "new_version" in answer.json()["fields"]


def test_replan_asks_again_over_a_changed_plan(platform: None) -> None:
    release = world.in_review()
    changed = world.document()["environments"]
    changed[-1]["strategy"] = {**world.STRATEGY, "weights": [10, 100]}
    world.load(environments=changed)
    asked = Caller("rita").ok("post", f"{ONE}replan/")
    assert asked["gate"]["round"] == 2
    assert asked["seal"] != release.seal


def test_rebase_takes_what_production_runs(ci: Caller) -> None:
    world.draft()
    world.completed("2026.10.0")
    assert ci.ok("post", f"{ONE}rebase/")["base"]["version"] == "2026.10.0"


def test_cancel_needs_a_reason_and_is_an_end(platform: None) -> None:
    world.in_review()
    rita = Caller("rita")
    rita.no(400, "post", f"{ONE}cancel/", {"reason": " "})
    assert rita.ok("post", f"{ONE}cancel/", {"reason": "Replaced"})["closing_reason"] == "Replaced"
    problem = rita.no(409, "post", f"{ONE}cancel/", {"reason": "Again"})
    assert "cancelled" in problem["detail"]


def test_rejected_release_is_reopened_as_a_draft(platform: None) -> None:
    world.sign(world.in_review(), "quinn", answer="no_go", remark="Load")
    rita = Caller("rita")
    assert rita.ok("get", ONE)["state"] == "rejected"
    assert rita.ok("post", f"{ONE}reopen/", {"reason": "Fixed"})["state"] == "draft"


VERBS = ("submit", "replan", "rebase", "watching")
WITH_BODY = (
    "stage",
    "deploy",
    "rollback",
    "lessons",
    "cancel",
    "reopen",
    "follow-up",
    "decision",
    "sign-offs",
)


@pytest.mark.parametrize("verb", [*VERBS, *WITH_BODY])
def test_every_verb_refuses_fields_that_it_does_not_know(platform: None, verb: str) -> None:
    world.draft()
    for name in ("rita", "devon"):
        answer = Caller(name).call("post", f"{ONE}{verb}/", {"surprise": 1})
        assert answer.status_code in (400, 403)
        if answer.status_code == 400:
            assert "surprise" in answer.json()["fields"]
            return
    pytest.fail("neither may")
