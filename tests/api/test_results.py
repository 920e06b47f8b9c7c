"""POST …/checklist/{name}/, …/validations/{name}/ and …/facts/{name}/."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from events import clock
from releases.models import ItemResult, ManualFact
from tests.api.caller import Caller, kind
from tests.releases import world

ONE = "releases/2026.11.0/"
SCAN, SMOKE, BACKUP = f"{ONE}checklist/security_scan/", f"{ONE}validations/smoke/", f"{ONE}facts/backup_age/"


def test_result_is_kept_with_its_content(ci: Caller) -> None:
    release = world.draft()
    body = {"result": "pass", "link": "https://ci.example/1", "content_hash": release.content_hash}
    given = ci.ok("post", SCAN, body)
    assert (given["state"], given["by"], given["content_hash"]) == ("pass", "ci token", release.content_hash)


def test_newest_result_counts_and_all_are_kept(ci: Caller) -> None:
    world.draft()
    ci.ok("post", SCAN, {"result": "fail", "remark": "CVE-2026-1"})
    ci.ok("post", SCAN, {"result": "pass"})
    assert ci.ok("get", ONE)["checklist"][0]["state"] == "pass"
    assert ItemResult.objects.count() == 2


def test_result_about_other_content_is_refused(ci: Caller) -> None:
    world.draft()
    problem = ci.no(409, "post", SCAN, {"result": "pass", "content_hash": "0" * 64})
    assert kind(problem) == "other-content"
    assert not ItemResult.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "result"),
        ({"result": "passed"}, "result"),
        ({"result": "fail"}, "remark"),
        ({"result": "not_applicable", "remark": " "}, "remark"),
        ({"result": "pass", "link": "javascript:alert(1)"}, "link"),
        ({"result": "pass", "link": "http://["}, "link"),
        ({"result": "pass", "remark": "x" * 5000}, "remark"),
        ({"result": "pass", "remark": "\x1b"}, "remark"),
        ({"result": "pass", "by": "rita"}, "by"),
        ("pass", "(body)"),
    ],
)
def test_bad_result_names_its_field(ci: Caller, body: Any, field: str) -> None:
    world.draft()
    assert field in ci.no(400, "post", SCAN, body)["fields"]
    assert not ItemResult.objects.exists()


def test_unknown_item_is_not_found_with_those_there_are(ci: Caller) -> None:
    world.draft()
    assert "security_scan" in ci.no(404, "post", f"{ONE}checklist/nothing/", {"result": "pass"})["detail"]
    ci.no(404, "post", "releases/9.9.9/checklist/security_scan/", {"result": "pass"})


def test_validation_waits_for_staging(ci: Caller) -> None:
    world.draft()
    problem = ci.no(409, "post", SMOKE, {"result": "pass"})
    assert (kind(problem), "draft" in problem["detail"]) == ("wrong-state", True)


def test_failed_validation_leads_back_to_draft(ci: Caller) -> None:
    world.staged()
    assert ci.ok("post", SMOKE, {"result": "fail", "remark": "Login broken"})["state"] == "fail"
    assert ci.ok("get", ONE)["state"] == "draft"


def test_developer_records_no_validation(platform: None) -> None:
    world.staged()
    Caller("dana").no(403, "post", SMOKE, {"result": "pass"})


def test_fact_is_given_with_the_time_it_was_true(ci: Caller) -> None:
    world.draft()
    at = (clock.now() - timedelta(minutes=3)).replace(microsecond=0)
    given = ci.ok("post", BACKUP, {"value": "clear", "at": at.isoformat(), "link": "https://ops.example/1"})
    assert given["at"] == at.isoformat().replace("+00:00", "Z")
    assert ci.ok("get", ONE)["facts"][0]["value"] == "clear"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"value": "good"}, "value"),
        ({"value": "blocks"}, "remark"),
        ({"value": "clear", "at": "2026-11-23T10:00:00"}, "at"),
        ({"value": "clear", "at": "2199-01-01T00:00:00Z"}, "at"),
        ({"value": "clear", "at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"value": "clear", "at": 5}, "at"),
        ({"value": "clear", "age": 5}, "age"),
    ],
)
def test_bad_fact_names_its_field(ci: Caller, body: Any, field: str) -> None:
    world.draft()
    assert field in ci.no(400, "post", BACKUP, body)["fields"]
    assert not ManualFact.objects.exists()


def test_unknown_fact_is_not_found(ci: Caller) -> None:
    world.draft()
    assert "backup_age" in ci.no(404, "post", f"{ONE}facts/weather/", {"value": "clear"})["detail"]
