"""GET and POST freezes/, DELETE freezes/{id}/."""

from __future__ import annotations

from typing import Any

import pytest

from releases.models import Freeze
from tests.api.caller import Caller

ONCE = {
    "name": "Peak",
    "reason": "Peak",
    "starts_at": "2199-01-01T00:00:00",
    "ends_at": "2199-01-02T00:00:00Z",
}
WEEKLY = {
    "name": "Weekend",
    "reason": "Few people",
    "weekly": {"from": "fri 16:00", "to": "mon 06:00"},
    "zone": "Europe/Berlin",
    "passes": ["security"],
}


def test_freezes_are_added_listed_and_removed(ci: Caller) -> None:
    rita = Caller("rita")
    once, weekly = rita.ok("post", "freezes/", ONCE), rita.ok("post", "freezes/", WEEKLY)
    assert weekly["weekly"] == {"from": "fri 16:00", "to": "mon 06:00"}
    assert [row["id"] for row in ci.ok("get", "freezes/")["results"]] == [weekly["id"], once["id"]]
    rita.ok("delete", f"freezes/{once['id']}/?reason=Over")
    rita.no(404, "delete", f"freezes/{once['id']}/")
    assert [row["name"] for row in ci.ok("get", "freezes/")["results"]] == ["Weekend"]


def test_environment_named_twice_is_kept_once(platform: None) -> None:
    twice = {**ONCE, "environments": ["production", "production"], "passes": ["security", "security"]}
    freeze = Caller("rita").ok("post", "freezes/", twice)
    assert (freeze["environments"], freeze["passes"]) == (["production"], ["security"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"reason": None}, "reason"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"starts_at": "2199-06-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"weekly": {"from": "fri 16:00"}}, "weekly.to"),
        ({"weekly": {"from": "someday 9", "to": "mon 06:00"}}, "weekly"),
        ({"zone": "Nowhere"}, "zone"),
        ({"environments": ["moon"]}, "environments"),
        ({"environments": []}, "environments"),
        ({"passes": ["hotfix"]}, "passes"),
        ({"until": "x"}, "until"),
    ],
)
def test_bad_freeze_names_its_field(platform: None, changes: dict[str, Any], field: str) -> None:
    base = WEEKLY if "weekly" in changes else ONCE
    fields = Caller("rita").no(400, "post", "freezes/", {**base, **changes})["fields"]
    assert field in fields, fields
    assert not Freeze.objects.exists()


def test_only_a_release_manager_freezes(ci: Caller) -> None:
    ci.no(403, "post", "freezes/", ONCE)
    Caller("devon").no(403, "post", "freezes/", ONCE)
