"""GET environments/."""

from __future__ import annotations

from tests.api.caller import Caller
from tests.releases import world


def test_ladder_tells_what_is_live_where(ci: Caller) -> None:
    world.monitoring()
    development, staging, production = ci.ok("get", "environments/")["results"]
    assert (development["serving"], development["regions"][0]["release"]) == (None, None)
    assert (staging["serving"], production["serving"]) == ("2026.11.0", "2026.11.0")
    assert [region["release"] for region in production["regions"]] == ["2026.11.0", "2026.11.0"]
    assert (staging["production"], production["production"]) == (False, True)


def test_lock_and_runs_are_told(ci: Caller) -> None:
    world.rolled_back()
    production = ci.ok("get", "environments/")["results"][-1]
    assert production["lock"]["release"] == "2026.11.0"


def test_tag_saves_the_answer(ci: Caller) -> None:
    tag = ci.call("get", "environments/")["ETag"]
    assert ci.call("get", "environments/", if_none_match=tag).status_code == 304
    world.deploying()
    assert ci.call("get", "environments/", if_none_match=tag).status_code == 200


def test_otto_reads_nothing(platform: None) -> None:
    Caller("otto").no(403, "get", "environments/")
