"""From draft to completed, state by state."""

from __future__ import annotations

import pytest

from events.models import Event
from releases.states import ReleaseState
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def test_draft_becomes_staged_and_validating() -> None:
    assert world.staged().status == ReleaseState.VALIDATING


def test_submitted_release_carries_plan_seal_and_gate() -> None:
    release = world.in_review()
    assert release.status == ReleaseState.REVIEW
    assert release.plan["regions"] == ["us-east", "eu-central"]
    assert len(release.seal) == 64
    assert release.gate is not None
    assert release.gate.seal == release.seal


def test_signed_release_with_go_is_approved() -> None:
    assert world.approved().status == ReleaseState.APPROVED


def test_started_release_is_deploying_on_the_staging_proof() -> None:
    release = world.deploying()
    assert release.status == ReleaseState.DEPLOYING
    assert release.production_run.proved_by_id == release.staging_run_id


def test_succeeded_run_leads_to_monitoring_with_an_end() -> None:
    release = world.monitoring()
    assert release.status == ReleaseState.MONITORING
    assert release.monitoring_ends_at is not None


def test_each_change_is_one_event_with_before_and_after() -> None:
    release = world.completed()
    kinds = [e.kind for e in Event.objects.filter(stream=release.stream).order_by("seq")]
    steps = [
        "created",
        "staged",
        "validating",
        "submitted",
        "approved",
        "deploying",
        "monitoring",
        "completed",
    ]
    assert [kind for kind in kinds if kind in {f"release.{step}" for step in steps}] == [
        f"release.{step}" for step in steps
    ]
    moved = Event.objects.get(stream=release.stream, kind="release.approved")
    assert (moved.before["state"], moved.after["state"]) == ("review", "approved")


def test_completed_closes_the_way_back() -> None:
    release = world.completed()
    assert release.status == ReleaseState.COMPLETED
    assert release.production_run.closed_at is not None


def test_second_release_is_built_on_what_production_runs() -> None:
    first = world.completed()
    second = world.draft("2026.11.0", components={"web": {"artifact": world.digest("b")}})
    assert second.content["base"]["version"] == first.version
    assert second.content["components"]["records"]["artifact"] == world.digest("a")
    assert second.brings == ["web"]
