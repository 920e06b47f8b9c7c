"""GET events/?stream=…."""

from __future__ import annotations

import pytest

from tests.api.caller import Caller
from tests.releases import world


def test_events_of_a_release_come_in_order_with_names(ci: Caller) -> None:
    world.draft()
    Caller("dana").ok("post", "releases/2026.11.0/checklist/security_scan/", {"result": "pass"})
    page = ci.ok("get", "events/?stream=release/2026.11.0")
    assert [event["seq"] for event in page["results"]] == [1, 2]
    assert [event["kind"] for event in page["results"]] == ["release.created", "checklist.recorded"]
    assert [event["by"] for event in page["results"]] == ["rita", "dana"]
    assert page["results"][1]["previous_hash"] == page["results"][0]["hash"]


def test_events_come_page_by_page(ci: Caller) -> None:
    world.in_review()
    page, seen = ci.ok("get", "events/?stream=release/2026.11.0&limit=3"), []
    while True:
        seen += [event["seq"] for event in page["results"]]
        if not page["next"]:
            break
        page = ci.ok("get", page["next"].split("/api/v1/")[1])
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) > 6


def test_one_kind_is_picked(ci: Caller) -> None:
    world.in_review()
    page = ci.ok("get", "events/?stream=release/2026.11.0&kind=release.submitted")
    assert len(page["results"]) == 1


@pytest.mark.parametrize("query", ["", "stream=", "stream=%00", "stream=release/1&kind=%07", "streams=x"])
def test_stream_is_needed(ci: Caller, query: str) -> None:
    assert ci.no(400, "get", f"events/?{query}")["fields"]


def test_streams_of_people_are_for_auditors(ci: Caller) -> None:
    stream = world.actor("dana").user.stream
    ci.no(403, "get", f"events/?stream={stream}")
    Caller("dana").no(403, "get", "events/?stream=platform")
    assert Caller("audrey").ok("get", f"events/?stream={stream}")["results"]


def test_stakeholder_reads_no_events(platform: None) -> None:
    Caller("stan").no(403, "get", "events/?stream=release/2026.11.0")
