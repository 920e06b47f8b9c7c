"""GET deployments/, deployments/{id}/, …/progress/ and POST …/{pause,resume,promote,abort}/."""

from __future__ import annotations

import pytest

from deployments.models import DeploymentRun
from tests.api.caller import Caller, kind
from tests.releases import world


def running() -> DeploymentRun:
    """The production run of a release, on its way."""
    run = world.deploying().production_run
    assert run is not None
    row = DeploymentRun.objects.get(pk=run.pk)
    row.start()
    row.save()
    return row


def test_run_is_shown_whole(ci: Caller) -> None:
    run = running()
    shown = ci.ok("get", f"deployments/{run.pk}/")
    assert (shown["release"], shown["environment"], shown["state"]) == ("2026.11.0", "production", "running")
    assert [region["region"] for region in shown["regions"]] == ["us-east", "eu-central"]
    assert shown["steps"][0]["state"] == "waiting"
    assert shown["proved_by"]


def test_tag_saves_the_answer_until_the_run_changes(ci: Caller) -> None:
    run = running()
    tag = ci.call("get", f"deployments/{run.pk}/")["ETag"]
    assert ci.call("get", f"deployments/{run.pk}/", if_none_match=tag).status_code == 304
    Caller("devon").ok("post", f"deployments/{run.pk}/pause/", {"reason": "Look"})
    assert ci.call("get", f"deployments/{run.pk}/", if_none_match=tag).status_code == 200


def test_list_narrows_by_environment_release_and_state(ci: Caller) -> None:
    run = running()
    page = ci.ok("get", "deployments/?environment=production&release=2026.11.0&state=running")
    assert [row["id"] for row in page["results"]] == [run.pk]
    assert ci.ok("get", "deployments/?environment=development")["results"] == []
    assert "state" in ci.no(400, "get", "deployments/?state=flying")["fields"]


def test_progress_goes_on_after_the_last_line(ci: Caller) -> None:
    run = running()
    devon = Caller("devon")
    for verb in ("pause", "resume", "pause"):
        devon.ok("post", f"deployments/{run.pk}/{verb}/", {"reason": verb})
    seen, after, more = [], 0, True
    while more:
        page = ci.ok("get", f"deployments/{run.pk}/progress/?after={after}&limit=1")
        seen += [line["seq"] for line in page["lines"]]
        after, more = page["seq"], page["more"]
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= 3
    assert ci.ok("get", f"deployments/{run.pk}/progress/?after={after}")["lines"] == []


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=1e3", "limit=0", "limit=501", "since=1", "after=9" * 9]
)
def test_wrong_position_is_refused_by_name(ci: Caller, query: str) -> None:
    run = running()
    problem = ci.no(400, "get", f"deployments/{run.pk}/progress/?{query}")
    assert query.split("=")[0] in problem["fields"]


def test_position_beyond_the_end_is_taken_back_to_it(ci: Caller) -> None:
    run = running()
    page = ci.ok("get", f"deployments/{run.pk}/progress/?after=9223372036854775807")
    assert (page["lines"], page["seq"], page["more"]) == ([], run.head.seq, False)


def test_paused_run_is_resumed(platform: None) -> None:
    run = running()
    devon = Caller("devon")
    assert devon.ok("post", f"deployments/{run.pk}/pause/", idempotency_key="p")["state"] == "paused"
    assert devon.ok("post", f"deployments/{run.pk}/pause/", idempotency_key="p")["state"] == "paused"
    problem = devon.no(409, "post", f"deployments/{run.pk}/pause/")
    assert kind(problem) == "run-wrong-state"
    assert devon.ok("post", f"deployments/{run.pk}/resume/", {"reason": "Fine"})["state"] == "running"


def test_promote_waits_for_a_weight(platform: None) -> None:
    run = running()
    assert "weight" in Caller("devon").no(409, "post", f"deployments/{run.pk}/promote/")["detail"]


def test_abort_before_any_weight_cancels(platform: None) -> None:
    run = running()
    aborted = Caller("sue").ok("post", f"deployments/{run.pk}/abort/", {"reason": "Wrong build"})
    assert (aborted["state"], aborted["intent"]) == ("cancelled", "cancel")


def test_abort_after_a_weight_rolls_back(platform: None) -> None:
    run = world.monitoring().production_run
    assert run is not None
    assert (
        Caller("sue").ok("post", f"deployments/{run.pk}/abort/", {"reason": "Errors"})["state"]
        == "rolling_back"
    )


@pytest.mark.parametrize("verb", ["pause", "resume", "promote", "abort"])
def test_steering_is_refused_to_others(ci: Caller, verb: str) -> None:
    run = running()
    ci.no(403, "post", f"deployments/{run.pk}/{verb}/", {"reason": "x"})
    Caller("dana").no(403, "post", f"deployments/{run.pk}/{verb}/", {"reason": "x"})
    Caller("devon", "read").no(403, "post", f"deployments/{run.pk}/{verb}/", {"reason": "x"})
    assert "why" in Caller("devon").no(400, "post", f"deployments/{run.pk}/{verb}/", {"why": "x"})["fields"]
    assert DeploymentRun.objects.get(pk=run.pk).state == "running"


@pytest.mark.parametrize("path", ["", "progress/", "pause/"])
def test_unknown_run_is_not_found(platform: None, path: str) -> None:
    method = "post" if path == "pause/" else "get"
    for pk in (0, 10**17, 10**30, "x", "-1"):
        Caller("devon").no(404, method, f"deployments/{pk}/{path}")
