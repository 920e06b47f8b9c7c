"""Starting production: everything judged again, watching, automatic start, clearance, emergencies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.roles import Role
from accounts.services.roles import end_role
from deployments.models import DeploymentRun
from deployments.states import RunState
from events import clock
from events.errors import Blocked, NotAllowed
from releases.errors import BadContent, NotReady, WrongReleaseState, WrongSeal
from releases.services import freezes, starting
from releases.services.advance import advance
from releases.states import ReleaseState
from tests import cast
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def deploy(release: object, **more: object) -> DeploymentRun:
    return starting.deploy(release.version, actor=actor("devon"), seal=release.seal, **more)  # type: ignore[attr-defined, arg-type]


def run_of(release: object) -> DeploymentRun:
    return DeploymentRun.objects.get(pk=world.again(release).production_run_id)  # type: ignore[arg-type]


def begin(run: DeploymentRun) -> None:
    row = DeploymentRun.objects.get(pk=run.pk)
    row.start()
    row.save()


def test_start_waits_for_the_facts_by_hand() -> None:
    release = world.approved()
    with pytest.raises(NotReady, match="Backup of production"):
        deploy(release)
    assert not DeploymentRun.objects.filter(environment__name="production").exists()


def test_start_outside_the_window_is_refused() -> None:
    release = world.approved()
    world.brief(release)
    with clock.at(clock.now() + timedelta(hours=3)), pytest.raises(NotReady, match="The window ended"):
        deploy(release)


def test_start_with_another_seal_is_refused() -> None:
    release = world.approved()
    with pytest.raises(WrongSeal):
        starting.deploy(release.version, actor=actor("devon"), seal="0" * 64)


def test_release_manager_starts_nothing() -> None:
    release = world.approved()
    with pytest.raises(NotAllowed, match="DevOps Engineer"):
        starting.deploy(release.version, actor=actor("rita"), seal=release.seal)


def test_signer_who_lost_the_role_stops_the_start_and_the_release_is_back_in_review() -> None:
    release = world.approved()
    world.brief(release)
    end_role(cast.user("quinn"), Role.QA_LEAD, cast.SETUP)
    with pytest.raises(Blocked, match="back in review"):
        deploy(release)
    assert world.again(release).status == ReleaseState.REVIEW


def test_release_cannot_be_started_twice() -> None:
    release = world.deploying()
    with pytest.raises(WrongReleaseState):
        deploy(release)


def test_run_that_ends_before_any_weight_leads_back_to_review_without_a_go() -> None:
    release = world.deploying()
    world.fail(release.production_run)
    advance(release.pk)
    assert world.again(release).status == ReleaseState.REVIEW
    assert {"decision"} <= world.blockers(release)


def test_clearance_is_renewed_while_facts_hold() -> None:
    release = world.deploying()
    begin(release.production_run)
    with clock.at(clock.now() + timedelta(seconds=50)):
        advance(release.pk)
        assert run_of(release).clearance_until > clock.now() + timedelta(seconds=50)


def test_freeze_in_the_middle_holds_the_run() -> None:
    release = world.deploying()
    begin(release.production_run)
    now = clock.now()
    freezes.add(
        actor=actor("rita"), name="Now", reason="Outage", starts_at=now, ends_at=now + timedelta(hours=1)
    )
    with clock.at(now + timedelta(seconds=5)):
        advance(release.pk)
        assert run_of(release).clearance_until <= clock.now()
    assert "Outage" in run_of(release).clearance_sentence


def test_window_that_ends_in_a_shift_follows_the_plans_choice() -> None:
    environments = world.document()["environments"]
    environments[-1]["strategy"] = {**world.STRATEGY, "on_window_end": "return"}
    world.load(environments=environments)
    release = world.deploying()
    begin(release.production_run)
    with clock.at(clock.now() + timedelta(hours=3)):
        advance(release.pk)
    assert run_of(release).run_state == RunState.CANCELLED  # no weight yet: cancelled, not rolled back


def test_queued_run_whose_window_ends_is_given_up() -> None:
    release = world.deploying()
    with clock.at(clock.now() + timedelta(hours=3)):
        advance(release.pk)
        advance(release.pk)
    assert run_of(release).run_state == RunState.CANCELLED
    assert world.again(release).status == ReleaseState.REVIEW


def automatic() -> None:
    environments = world.document()["environments"]
    environments[-1]["strategy"] = {**world.STRATEGY, "auto_start": True}
    world.load(environments=environments)


def test_automatic_start_needs_somebody_watching() -> None:
    automatic()
    release = world.approved()
    world.brief(release)
    advance(release.pk)
    assert world.again(release).status == ReleaseState.APPROVED
    starting.watching(release.version, actor=actor("devon"))
    with clock.at(clock.now() + timedelta(minutes=31)):
        advance(release.pk)
    assert world.again(release).status == ReleaseState.APPROVED
    advance(release.pk)
    assert world.again(release).status == ReleaseState.DEPLOYING


def test_release_manager_does_not_watch() -> None:
    release = world.approved()
    with pytest.raises(NotAllowed):
        starting.watching(release.version, actor=actor("rita"))


def security() -> object:
    release = world.approved("2026.11.1", kind="security", components=world.whole("5"))
    world.brief(release)
    return release


def test_ordinary_release_waits_in_the_queue_behind_monitoring() -> None:
    world.monitoring()
    release = world.approved("2026.11.1", components=world.whole("b"))
    world.brief(release)
    assert deploy(release).run_state == RunState.QUEUED


def test_only_security_releases_are_emergencies_and_say_why() -> None:
    release = world.approved()
    world.brief(release)
    with pytest.raises(BadContent) as error:
        deploy(release, emergency=True)
    assert set(error.value.fields) == {"reason", "emergency"}


def test_emergency_that_succeeds_supersedes_the_release_in_monitoring() -> None:
    first = world.monitoring()
    release = security()
    run = deploy(release, emergency=True, reason="Actively exploited.")
    world.succeed(run)
    advance(first.pk)
    advance(release.pk)  # type: ignore[attr-defined]
    assert world.again(first).status == ReleaseState.SUPERSEDED
    assert world.again(release).status == ReleaseState.MONITORING  # type: ignore[arg-type]


def test_emergency_that_goes_back_leaves_the_earlier_release_in_monitoring() -> None:
    first = world.monitoring()
    release = security()
    world.roll_back(deploy(release, emergency=True, reason="Actively exploited."))
    advance(first.pk)
    advance(release.pk)  # type: ignore[attr-defined]
    assert world.again(first).status == ReleaseState.MONITORING
    assert world.again(release).status == ReleaseState.ROLLED_BACK  # type: ignore[arg-type]


def test_locked_production_lets_a_security_release_pass_with_a_reason() -> None:
    world.rolled_back()
    release = security()
    with pytest.raises(NotReady, match="emergency"):
        deploy(release)
    assert deploy(release, emergency=True, reason="Actively exploited.").emergency


def test_freeze_holds_a_queued_run_whatever_the_plan_says_of_shifts() -> None:
    environments = world.document()["environments"]
    environments[-1]["strategy"] = {**world.STRATEGY, "on_freeze": "finish"}
    world.load(environments=environments)
    release = world.deploying()
    now = clock.now()
    freezes.add(
        actor=actor("rita"), name="Now", reason="Outage", starts_at=now, ends_at=now + timedelta(hours=1)
    )
    with clock.at(now + timedelta(seconds=5)):
        advance(release.pk)
    assert "Outage" in run_of(release).clearance_sentence
