"""emergency-stops/, reviews/, late-entries/, releases/{version}/break-glass/ and freeze-overrides/."""

from __future__ import annotations

from datetime import timedelta

from approvals.models import BreakGlass, EmergencyStop
from events import clock
from tests.api.caller import Caller, kind
from tests.releases import world


def test_stop_is_made_signed_and_lifted(ci: Caller) -> None:
    release = world.deploying()
    made = Caller("sue").ok("post", "emergency-stops/", {})
    assert made["runs"] == [release.production_run_id]
    one = f"emergency-stops/{made['id']}/"
    devon = Caller("devon")
    problem = devon.no(409, "post", f"{one}lift/", {"reason": "False alarm."})
    assert {blocker["who"] for blocker in problem["blockers"]} == {"@rita", "@sasha"}
    for name, role in (("rita", "release_manager"), ("sasha", "security_officer")):
        body = {"role": role, "answer": "go", "seal": made["gate"]["seal"]}
        Caller(name).ok("post", f"{one}sign-offs/", body)
    devon.no(403, "post", f"{one}lift/", {"reason": "False alarm."}, portal_one_time_code="")
    assert devon.ok("post", f"{one}lift/", {"reason": "False alarm."})["in_force"] is False
    assert ci.ok("get", "emergency-stops/")["results"][0]["lifted_by"] == "devon"


def test_start_under_a_stop_says_who_lifts_it(ci: Caller) -> None:
    release = world.approved()
    world.brief(release)
    Caller("sue").ok("post", "emergency-stops/", {"environment": "production", "reason": "Leak"})
    problem = Caller("devon").no(409, "post", f"releases/{release.version}/deploy/", {"seal": release.seal})
    assert "emergency stop of production is in force" in problem["detail"]
    assert any("DevOps Engineer" in blocker["who"] for blocker in problem["blockers"])


def test_no_service_and_no_stranger_stops_anything(ci: Caller) -> None:
    ci.no(403, "post", "emergency-stops/", {})
    Caller("otto").no(403, "post", "emergency-stops/", {})
    Caller("devon", environments=("staging",)).no(403, "post", "emergency-stops/", {})
    Caller("devon").no(404, "post", "emergency-stops/", {"environment": "moon"})
    assert not EmergencyStop.objects.exists()


def test_no_go_on_lifting_is_asked_again(ci: Caller) -> None:
    made = Caller("sue").ok("post", "emergency-stops/", {})
    one = f"emergency-stops/{made['id']}/"
    no = {
        "role": "security_officer",
        "answer": "no_go",
        "seal": made["gate"]["seal"],
        "remark": "Still open.",
    }
    Caller("sasha").ok("post", f"{one}sign-offs/", no)
    Caller("rita").no(409, "post", f"{one}lift/", {"reason": "Now."})
    assert Caller("rita").ok("post", f"{one}ask-again/", {})["gate"]["round"] == 2


def test_glass_is_broken_and_reviewed(ci: Caller) -> None:
    release = world.in_review()
    address = f"releases/{release.version}/break-glass/"
    body = {"reason": "Patients cannot log in.", "seal": release.seal}
    for name in (None, "devon", "adam"):
        (Caller(name) if name else ci).no(403, "post", address, body)
    assert not BreakGlass.objects.exists()
    assert Caller("rita").ok("post", address, body)["role"] == "release_manager"
    owed = ci.ok("get", "reviews/")["results"][0]
    assert (owed["cause"], owed["late"]) == ("break_glass", False)
    sign = {"role": "qa_lead", "answer": "go", "seal": release.seal}
    assert Caller("quinn").ok("post", f"reviews/{owed['id']}/sign-offs/", sign)["stands"]
    assert kind(Caller("rita").no(409, "post", address, body)) == "already-signed"


def test_review_that_said_no_go_is_followed_up(ci: Caller) -> None:
    release = world.in_review()
    body = {"reason": "Patients cannot log in.", "seal": release.seal}
    Caller("rita").ok("post", f"releases/{release.version}/break-glass/", body)
    one = f"reviews/{ci.ok('get', 'reviews/')['results'][0]['id']}/"
    no = {"role": "qa_lead", "answer": "no_go", "seal": release.seal, "remark": "Untested."}
    Caller("quinn").ok("post", f"{one}sign-offs/", no)
    follow = {"follow_up": "Quinn tests it by Friday."}
    for name in (None, "quinn", "rita"):
        (Caller(name) if name else ci).no(403, "post", f"{one}follow-up/", follow)
    Caller("sasha").no(403, "post", f"{one}follow-up/", follow, portal_one_time_code="")
    assert Caller("sasha").ok("post", f"{one}follow-up/", follow)["follow_up"] == follow["follow_up"]
    assert kind(Caller("sasha").no(409, "post", f"{one}follow-up/", follow)) == "nothing-missing"


def test_freeze_is_overridden_by_name(ci: Caller) -> None:
    release = world.approved()
    now = clock.now()
    ends = (now + timedelta(hours=3)).isoformat()
    given = {"name": "Peak", "reason": "Peak", "starts_at": now.isoformat(), "ends_at": ends}
    freeze = Caller("rita").ok("post", "freezes/", given)
    address = f"releases/{release.version}/freeze-overrides/"
    body = {"freezes": [freeze["id"]], "reason": "Patients cannot log in.", "seal": release.seal}
    ci.no(403, "post", address, body)
    Caller("rita").no(400, "post", address, {**body, "freezes": []})
    assert Caller("rita").ok("post", address, body)["results"][0]["name"] == "Peak"


def test_late_entry_keeps_both_times(ci: Caller) -> None:
    release = world.draft()
    at = (clock.now() - timedelta(hours=4)).isoformat()
    body = {"version": release.version, "at": at, "reason": "The portal was down."}
    made = Caller("devon").ok("post", "late-entries/", body)
    assert made["late_entry"]
    assert made["at"] < made["recorded_at"]
    Caller("devon").no(400, "post", "late-entries/", {**body, "at": "tomorrow"})
    Caller("quinn").no(403, "post", "late-entries/", body)
