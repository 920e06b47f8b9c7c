"""Acts as plain forms: done, refused with a sentence and who can, asked again after a login."""

from __future__ import annotations

import pytest
from django.test import Client

from deployments.models import DeploymentRun
from deployments.states import RunState
from releases.models import Release
from releases.queries.moments import readiness
from releases.states import ReleaseState
from tests.accounts.fixtures import Door
from tests.pages.look import look, press
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def running(release: Release) -> DeploymentRun:
    run = DeploymentRun.objects.get(pk=release.production_run_id)
    run.start()
    run.save()
    return run


def test_person_opens_a_release(logged_in: Door) -> None:
    seen = press(
        logged_in("dana"),
        "/releases/new/",
        version="2026.12.0",
        kind="feature",
        commit="abc",
        authors="dana-gh",
    )
    assert "2026.12.0 is open." in seen.words
    assert Release.objects.get().authors.get().user.handle == "dana"


def test_wrong_version_keeps_what_was_typed(logged_in: Door) -> None:
    seen = press(
        logged_in("dana"),
        "/releases/new/",
        version="not one",
        kind="feature",
        commit="abc",
        authors="dana-gh",
        title="My title",
    )
    assert seen.status == 400
    assert 'value="My title"' in seen.markup
    assert 'aria-invalid="true"' in seen.markup


def test_act_that_the_table_refuses_is_locked_with_who_can(logged_in: Door) -> None:
    release = world.draft()
    seen = look(logged_in("sasha"), release.link)
    assert 'aria-disabled="true"' in seen.control("stage")
    assert "sasha may not deploy to staging" in seen.reason("stage")
    assert "DevOps Engineer" in seen.reason("stage")


def test_refused_post_changes_nothing_and_says_why(logged_in: Door) -> None:
    release = world.draft()
    seen = press(logged_in("sasha"), f"{release.link}stage/")
    assert seen.status == 403
    assert "sasha may not deploy to staging" in seen.words
    assert world.again(release).status == ReleaseState.DRAFT


def test_signing_from_the_room(logged_in: Door) -> None:
    release = world.in_review()
    seen = press(
        logged_in("quinn"),
        f"{release.link}sign/",
        role="qa_lead",
        answer="go",
        remark="All good.",
        seal=release.seal,
    )
    assert "You have signed" in seen.words
    assert "@quinn" in seen.words.replace("@ ", "@") or "quinn" in seen.words
    assert release.gate.signoffs.count() == 1


def test_wrong_seal_keeps_the_remark_and_signs_nothing(logged_in: Door) -> None:
    release = world.in_review()
    seen = press(
        logged_in("quinn"),
        f"{release.link}sign/",
        role="qa_lead",
        answer="go",
        remark="Looked at it.",
        seal="0" * 64,
    )
    assert seen.status == 409
    assert "Looked at it." in seen.markup
    assert release.gate.signoffs.count() == 0


def test_author_sees_why_they_may_not_sign(logged_in: Door) -> None:
    release = world.in_review(authors=[{"host": "github.com", "login": "quinn-gh"}])
    seen = look(logged_in("quinn"), f"{release.link}go/")
    assert "quinn may not sign" in seen.words


def test_go_is_locked_until_everybody_has_signed(logged_in: Door) -> None:
    release = world.in_review()
    world.open_window(release)
    assert "QA Lead has signed" in look(logged_in("rita"), f"{release.link}go/").reason("approve")
    world.sign(release)
    world.brief(release)
    assert look(logged_in("rita"), f"{release.link}go/").reason("approve") == ""


def test_go_by_the_release_manager_approves(logged_in: Door) -> None:
    release = world.in_review()
    world.open_window(release)
    world.sign(release)
    world.brief(release)
    press(logged_in("rita"), f"{release.link}approve/", seal=release.seal, reason="")
    assert world.again(release).status == ReleaseState.APPROVED


def test_no_go_without_reason_is_asked_for_it(logged_in: Door) -> None:
    release = world.in_review()
    seen = press(logged_in("rita"), f"{release.link}no-go/", seal=release.seal, reason="")
    assert seen.status == 400
    assert world.again(release).status == ReleaseState.REVIEW


def test_start_leads_to_the_run(logged_in: Door) -> None:
    release = world.approved()
    world.brief(release)
    seen = press(logged_in("devon"), f"{release.link}deploy/", seal=release.seal)
    assert world.again(release).status == ReleaseState.DEPLOYING
    assert "on its way to production" in seen.words


def test_start_that_is_refused_lists_each_reason_once_with_who_can_clear_it(logged_in: Door) -> None:
    release = world.approved()
    seen = press(logged_in("devon"), f"{release.link}deploy/", seal=release.seal)
    assert seen.status == 409
    assert f"{release.version} cannot start:" in seen.words
    for blocker in readiness(world.again(release)).blockers:
        assert seen.words.count(f"{blocker.sentence} Can be cleared by: {blocker.who}.") == 1
        assert seen.words.count(blocker.sentence) == 1


def test_pause_and_resume_from_the_run(logged_in: Door) -> None:
    run = running(world.deploying())
    seen = press(logged_in("devon"), f"/deployments/{run.pk}/pause/")
    assert "is paused" in seen.words
    assert seen.control("resume")
    press(logged_in("devon"), f"/deployments/{run.pk}/resume/")
    assert DeploymentRun.objects.get(pk=run.pk).run_state == RunState.RUNNING


def test_abort_asks_with_its_effect_then_cancels_before_traffic(logged_in: Door) -> None:
    run = running(world.deploying())
    asked = look(logged_in("sue"), f"/deployments/{run.pk}/abort/")
    assert "has had no traffic in production" in asked.words
    press(logged_in("sue"), f"/deployments/{run.pk}/abort/", reason="Clinics call.")
    assert DeploymentRun.objects.get(pk=run.pk).run_state == RunState.CANCELLED


def test_abort_in_an_ended_session_is_asked_right_after_login(logged_in: Door) -> None:
    run = running(world.deploying())
    answer = Client().post(f"/deployments/{run.pk}/abort/")
    assert answer.status_code == 302
    back = answer.headers["Location"].partition("next=")[2]
    assert f"Cancel {run.subject}?" in look(logged_in("devon"), back).words


def test_page_of_a_question_is_headed_by_what_stands(logged_in: Door) -> None:
    release = world.in_review()
    for act in ("edit/", "authors/", "cancel/", "break-glass/"):
        assert look(logged_in("rita"), f"{release.link}{act}").heading.startswith(
            f"{release.version}. In review: "
        )
    assert look(logged_in("rita"), "/releases/new/").heading == "Production runs no release yet."
    assert look(logged_in("rita"), "/emergency/stop/").heading.startswith("Nothing is stopped.")
    assert look(logged_in("rita"), "/releases/freezes/add/").heading.startswith("No freeze stands")
    assert look(logged_in("adam"), "/people/quinn/off/").heading == "@quinn is QA Lead."


def test_freeze_that_does_not_stand_in_the_way_is_not_overridden(logged_in: Door) -> None:
    seen = look(logged_in("rita"), f"{world.in_review().link}override-freezes/")
    assert seen.status == 409
    assert "No freeze stands in the way" in seen.words or "has no window yet" in seen.words


def test_second_tab_gets_the_truth_and_a_sentence(logged_in: Door) -> None:
    run = running(world.deploying())
    press(logged_in("devon"), f"/deployments/{run.pk}/pause/")
    seen = press(logged_in("devon"), f"/deployments/{run.pk}/pause/")
    assert seen.status == 409
    assert "is paused and cannot be paused" in seen.words


def test_act_without_csrf_token_is_refused(logged_in: Door) -> None:
    release = world.draft()
    answer = logged_in("dana", enforce_csrf_checks=True).post(f"{release.link}stage/")
    assert answer.status_code == 403
    assert world.again(release).status == ReleaseState.DRAFT


def test_result_is_recorded_for_the_content(logged_in: Door) -> None:
    release = world.staged()
    press(logged_in("quinn"), f"{release.link}items/validation/smoke/", result="pass", remark="212 of 212")
    assert "212 of 212" in look(logged_in("quinn"), release.link).words


def test_component_is_given_its_digest(logged_in: Door) -> None:
    release = world.draft(components={})
    seen = press(
        logged_in("dana"),
        f"{release.link}components/web/",
        artifact=world.digest("b"),
        migration_class="none",
        configuration="MODE=calm",
    )
    assert "web is kept" in seen.words
    entry = world.again(release).content["components"]["web"]
    assert entry["configuration"] == {"MODE": "calm"}


def test_window_in_the_past_is_refused_at_its_field(logged_in: Door) -> None:
    release = world.draft()
    seen = press(
        logged_in("rita"),
        f"{release.link}window/",
        start="2020-01-01T05:00",
        end="2020-01-01T06:00",
        zone="UTC",
    )
    assert seen.status == 400
    assert 'aria-invalid="true"' in seen.markup


def test_lessons_unlock_and_follow_up_carries_them(logged_in: Door) -> None:
    release = world.rolled_back()
    press(
        logged_in("rita"), f"{release.link}lessons/", cause="Pool.", lessons="Size it.", actions="Size pool"
    )
    seen = press(logged_in("rita"), f"{release.link}follow-up/", new_version="2026.11.1")
    assert "2026.11.1 follows 2026.11.0" in seen.words
    assert "Size pool" in seen.words


def test_freeze_is_added_and_removed(logged_in: Door) -> None:
    press(
        logged_in("rita"),
        "/releases/freezes/add/",
        name="Holiday",
        reason="Clinics are busy.",
        starts_at="2036-12-20T00:00",
        ends_at="2036-12-27T00:00",
        zone="UTC",
    )
    seen = look(logged_in("rita"), "/releases/freezes/")
    assert "Holiday" in seen.words
    assert look(logged_in("dana"), "/releases/freezes/").reason("freeze")


def test_fragment_does_not_take_the_message_away(logged_in: Door) -> None:
    release = world.draft()
    client = logged_in("rita")
    client.post(f"{release.link}edit/", {"title": "Calmer", "notes": ""})
    client.get(release.link, headers={"HX-Request": "true"})
    assert "Changes kept." in look(client, release.link).words


def test_nobody_fills_in_what_would_be_refused(logged_in: Door) -> None:
    release = world.approved()
    seen = look(logged_in("dana"), f"{release.link}window/")
    assert seen.status == 403
    assert "a Release Manager can" in seen.words
    assert "<form" not in seen.markup.partition("<main")[2].partition("</main")[0]


def test_way_back_of_a_completed_release_is_not_offered(logged_in: Door) -> None:
    release = world.completed()
    seen = look(logged_in("devon"), f"{release.link}rollback/")
    assert seen.status == 409
    assert "is completed; a release can be rolled back only while" in seen.words
    assert "goes to blue" not in seen.words


def test_each_question_is_titled_with_what_it_is_about(logged_in: Door) -> None:
    release = world.in_review()
    items = [item for item in release.items.all() if item.list == "checklist"]
    client = logged_in("quinn")
    titles = set()
    for item in items:
        markup = look(client, f"{release.link}items/checklist/{item.name}/").markup
        titles.add(markup.partition("<title>")[2].partition("</title>")[0])
    assert len(titles) == len(items) > 1


def test_override_says_that_no_freeze_stands_in_the_way(logged_in: Door) -> None:
    release = world.approved()
    seen = look(logged_in("rita"), release.link)
    assert seen.reason("override-freezes") == (
        f"No freeze stands in the way of the window of {release.version}."
    )


@pytest.mark.parametrize(
    ("name", "path", "fields"),
    [
        ("dana", "/releases/new/", {"version", "title", "commit", "authors", "notes"}),
        ("rita", "/releases/freezes/add/", {"name", "reason", "starts_at", "weekly_from"}),
        ("rita", "/emergency/stop/", {"reason"}),
        ("devon", "/releases/2026.11.0/items/checklist/security_scan/", {"remark", "link"}),
    ],
)
def test_what_is_typed_outlives_the_session(logged_in: Door, name: str, path: str, fields: set[str]) -> None:
    world.in_review()
    markup = look(logged_in(name), path).markup
    assert {field for field in fields if f'data-draft="{field}"' in markup} == fields
