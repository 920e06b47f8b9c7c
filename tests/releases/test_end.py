"""How a started release ends: completed, extended, rolled back; lessons, follow-up, cancel, reopen, sweep."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance.models import Finding
from deployments.models import DeploymentRun, Environment
from deployments.queries import open_lock
from events import clock
from events.models import Event
from releases.errors import BadContent, NotReady, VersionTaken, WrongReleaseState
from releases.services import cancel, follow_up, lessons, reopen, rollback, stage, starting
from releases.services.advance import advance
from releases.services.sweep import sweep
from releases.states import ReleaseState
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
LATER = timedelta(seconds=601)


def production() -> Environment:
    return Environment.objects.get(name="production")


def test_monitoring_lasts_its_time() -> None:
    release = world.monitoring()
    with clock.at(clock.now() + timedelta(seconds=590)):
        advance(release.pk)
    assert world.again(release).status == ReleaseState.MONITORING


@pytest.mark.parametrize("verdict", ["inconclusive", "error", "fail"])
def test_monitoring_is_extended_while_the_last_verdict_is_no_pass(verdict: str) -> None:
    release = world.monitoring()
    world.passing(release.production_run, verdict)
    with clock.at(clock.now() + LATER):
        world.see(release.production_run)
        advance(release.pk)
        extended = world.again(release)
        assert extended.status == ReleaseState.MONITORING
        assert extended.monitoring_ends_at > clock.now()
    assert verdict in extended.extended_because


def test_monitoring_is_extended_once_per_extension_and_ends_when_clear() -> None:
    release = world.monitoring()
    world.passing(release.production_run, "inconclusive")
    with clock.at(clock.now() + LATER):
        world.see(release.production_run)
        advance(release.pk)
        advance(release.pk)
    assert Event.objects.filter(stream=release.stream, kind="release.monitoring_extended").count() == 1
    world.passing(release.production_run)
    with clock.at(clock.now() + 2 * LATER):
        world.see(release.production_run)
        advance(release.pk)
    assert world.again(release).status == ReleaseState.COMPLETED


def test_digest_that_was_never_signed_keeps_monitoring_open() -> None:
    release = world.monitoring()
    with clock.at(clock.now() + LATER):
        world.see(release.production_run, web=world.digest("9"))
        advance(release.pk)
    assert "web in us-east runs" in world.again(release).extended_because
    assert Finding.objects.filter(subject=release.stream, verdict="fail").exists()


def test_target_that_was_not_seen_keeps_monitoring_open() -> None:
    release = world.monitoring()
    with clock.at(clock.now() + LATER):
        advance(release.pk)
    assert "was not seen" in world.again(release).extended_because


def test_rolled_back_release_locks_production_until_lessons_are_written() -> None:
    release = world.rolled_back()
    assert release.status == ReleaseState.ROLLED_BACK
    assert open_lock(production()) is not None
    lessons.record(
        release.version, actor=actor("rita"), cause="A leak.", lessons="Soak longer.", actions=["Soak"]
    )
    assert open_lock(production()) is None


def test_locked_production_starts_no_ordinary_release() -> None:
    world.rolled_back()
    waiting = world.approved("2026.11.1", components=world.whole("b"))
    assert "lock" in world.blockers(waiting)


def test_rolled_back_in_monitoring_is_an_end_too() -> None:
    release = world.monitoring()
    world.roll_back(release.production_run)
    advance(release.pk)
    assert world.again(release).status == ReleaseState.ROLLED_BACK


def test_rollback_needs_one_person_and_a_reason() -> None:
    release = world.deploying()
    with pytest.raises(BadContent):
        rollback.rollback(release.version, actor=actor("sue"), reason="")
    rollback.rollback(release.version, actor=actor("sue"), reason="Calls pile up.")
    advance(release.pk)
    assert world.again(release).status == ReleaseState.REVIEW  # no weight had been given


def test_completed_release_is_not_rolled_back() -> None:
    release = world.completed()
    with pytest.raises(WrongReleaseState):
        rollback.rollback(release.version, actor=actor("devon"), reason="late")


def test_follow_up_carries_lessons_as_checklist_and_links_back() -> None:
    old = world.rolled_back()
    with pytest.raises(NotReady):
        follow_up.follow_up(old.version, actor=actor("dana"), new_version="2026.11.1")
    lessons.record(
        old.version, actor=actor("rita"), cause="c", lessons="l", actions=["Soak longer", "Alert on p99"]
    )
    new = follow_up.follow_up(old.version, actor=actor("dana"), new_version="2026.11.1")
    assert (new.status, new.follows_id) == (ReleaseState.DRAFT, old.pk)
    titles = list(new.items.filter(source__startswith="lessons").values_list("title", flat=True))
    assert titles == ["Soak longer", "Alert on p99"]
    assert [a.user.handle for a in new.authors.all()] == ["dana"]
    with pytest.raises(VersionTaken):
        follow_up.follow_up(old.version, actor=actor("dana"), new_version="2026.11.1")


def test_rolled_back_version_is_never_reopened() -> None:
    release = world.rolled_back()
    with pytest.raises(WrongReleaseState, match="follow-up"):
        reopen.reopen(release.version, actor=actor("rita"))


def test_rejected_release_is_reopened_as_a_draft() -> None:
    release = world.in_review()
    world.sign(release, "rita", answer="no_go", remark="Not yet.")
    reopened = reopen.reopen(release.version, actor=actor("rita"))
    assert (reopened.status, reopened.seal, reopened.gate) == (ReleaseState.DRAFT, "", None)


def test_cancel_voids_the_gate_and_needs_a_reason() -> None:
    release = world.approved()
    with pytest.raises(BadContent):
        cancel.cancel(release.version, actor=actor("rita"), reason=" ")
    assert (
        cancel.cancel(release.version, actor=actor("rita"), reason="Dropped.").status
        == ReleaseState.CANCELLED
    )
    assert world.again(release).gate.state == "void"


def test_cancel_takes_a_staging_run_back() -> None:
    release = world.draft()
    run = stage.stage(release.version, actor=actor("dana"))
    cancel.cancel(release.version, actor=actor("rita"), reason="Dropped.")
    assert DeploymentRun.objects.get(pk=run.pk).state == "cancelled"


def test_started_release_is_not_cancelled() -> None:
    release = world.deploying()
    with pytest.raises(WrongReleaseState, match="aborted"):
        cancel.cancel(release.version, actor=actor("rita"), reason="Too late.")


def test_failed_staging_returns_to_draft_with_its_sentence() -> None:
    release = world.draft()
    world.fail(stage.stage(release.version, actor=actor("dana")), "records never became ready.")
    advance(release.pk)
    assert world.again(release).status == ReleaseState.DRAFT
    event = Event.objects.get(stream=release.stream, kind="release.returned_to_draft")
    assert "records never became ready." in event.reason


def test_sweep_leads_everything_on_and_one_bad_release_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from releases.services import sweep as sweeping

    bad, good = world.draft("1.0.0"), world.draft("1.0.1")
    for release in (bad, good):
        world.succeed(stage.stage(release.version, actor=actor("dana")))

    def advance_or_break(pk: int) -> None:
        if pk == bad.pk:
            raise RuntimeError("broken row")
        advance(pk)

    monkeypatch.setattr(sweeping, "advance", advance_or_break)
    assert sweep() == 2
    assert world.again(good).status == ReleaseState.VALIDATING


def test_development_deploy_leaves_the_draft_a_draft() -> None:
    release = world.draft()
    run = stage.stage(release.version, actor=actor("dana"), environment="development")
    assert run.environment.name == "development"
    assert world.again(release).status == ReleaseState.DRAFT


def test_staging_waits_for_every_digest() -> None:
    release = world.draft(components={"web": {"artifact": world.digest("a")}})
    with pytest.raises(NotReady, match="records and mailer have no digest"):
        stage.stage(release.version, actor=actor("dana"))


def test_second_rollback_keeps_production_locked_until_both_are_explained() -> None:
    first = world.rolled_back()
    second = world.approved("2026.11.1", kind="security", components=world.whole("5"))
    world.brief(second)
    run = starting.deploy(
        second.version, actor=actor("devon"), seal=second.seal, emergency=True, reason="Exploited."
    )
    world.roll_back(run)
    advance(second.pk)
    lessons.record(first.version, actor=actor("rita"), cause="c", lessons="l")
    assert open_lock(production()) is not None
    lessons.record(second.version, actor=actor("rita"), cause="c", lessons="l")
    assert open_lock(production()) is None
