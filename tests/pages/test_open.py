"""Every page opens, for everybody who may read it, and holds nothing inline."""

from __future__ import annotations

import re

import pytest
from django.db import transaction

from deployments.models import DeploymentRun
from deployments.services import outcomes, steer
from deployments.services.closing import retire_green
from events import clock
from releases.models import Release
from tests.accounts.fixtures import Door
from tests.cast import actor
from tests.pages.look import look
from tests.releases import world
from tests.releases.begin import Begun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


TABS = ("", "go/", "content/", "deployments/", "history/")
ROOMS = (
    "/",
    "/for-you/",
    "/releases/",
    "/releases/freezes/",
    "/deployments/",
    "/environments/",
    "/help/",
    "/shell/",
)


def test_run_that_takes_a_colour_down_speaks_of_no_traffic(logged_in: Door) -> None:
    run = world.rolled_back().production_run
    run.steps.filter(kind="deploy").update(state="done")
    down = retire_green(run)
    assert down is not None
    words = look(logged_in("devon"), f"/deployments/{down.pk}/").words
    assert "This run takes an old colour down in production. Started by the engine." in words
    assert "moves all traffic in one step" not in words


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_open_without_any_release(room: str, logged_in: Door) -> None:
    assert look(logged_in("rita"), room).status == 200


def under_way() -> Release:
    """One that is done and one that runs, before one to come."""
    world.completed()
    world.deploying()
    return world.draft("2026.12.0")


class TestUnderWay(Begun):
    """Rooms with releases in them."""

    begin = staticmethod(under_way)

    @pytest.mark.parametrize("room", [room for room in ROOMS if room != "/shell/"])
    def test_rooms_open_with_releases_under_way(self, room: str, logged_in: Door) -> None:
        seen = look(logged_in("rita"), room)
        assert seen.status == 200
        assert seen.heading
        seen.demand_clean()


def test_person_without_role_is_told_who_can_read(logged_in: Door) -> None:
    seen = look(logged_in("otto"), "/releases/")
    assert seen.status == 403
    assert "otto may not read releases" in seen.words


def test_audit_trail_opens_for_the_auditor_alone(logged_in: Door) -> None:
    world.draft()
    assert "Release opened" in look(logged_in("audrey"), "/audit/").words
    assert look(logged_in("dana"), "/audit/").status == 403


def test_unknown_release_and_run_are_pages_with_a_sentence(logged_in: Door) -> None:
    assert "There is no release" in look(logged_in("rita"), "/releases/9.9.9/").words
    assert look(logged_in("rita"), "/releases/9.9.9/").status == 404
    assert look(logged_in("rita"), "/deployments/999/").status == 404


def in_state(release: Release, state: str) -> DeploymentRun:
    """Its production run led there by the services."""
    run = DeploymentRun.objects.get(pk=release.production_run_id)
    if state == "queued":
        return run
    run.start()
    run.save()
    if state == "paused":
        return steer.pause(run.pk, actor=actor("devon"), reason="Clinics call.")
    if state == "failed":
        world.fail(run)
    if state == "cancelled":
        steer.abort(run.pk, actor=actor("devon"), reason="Not now.")
    if state == "rolling_back":
        with transaction.atomic():
            row = DeploymentRun.objects.select_for_update().get(pk=run.pk)
            row.traffic_at = clock.now()
            row.save()
            outcomes.roll_back(row, "Green is bad in us-east.", "system:engine", "Errors at 8 %.")
    return DeploymentRun.objects.get(pk=run.pk)


class TestRun(Begun):
    """A production run and its page."""

    begin = staticmethod(world.deploying)

    @pytest.mark.parametrize("state", ["queued", "running", "paused", "failed", "cancelled", "rolling_back"])
    def test_run_opens_in_every_state_with_the_way_back_where_there_is_one(
        self, release: Release, state: str, logged_in: Door
    ) -> None:
        run = in_state(release, state)
        assert run.state == state
        seen = look(logged_in("devon"), f"/deployments/{run.pk}/")
        assert seen.status == 200
        seen.demand_clean()
        assert bool(seen.control("abort")) == (state in ("queued", "running", "paused"))
        assert bool(seen.control("resume")) == (state == "paused")
        board = look(logged_in("devon"), "/")
        assert board.status == 200
        board.demand_clean()


def test_content_of_a_draft_names_what_has_no_digest_and_the_call_that_gives_one(logged_in: Door) -> None:
    release = world.draft(components={"web": world.whole("c")["web"]})
    seen = look(logged_in("dana"), f"{release.link}content/")
    assert "Without a digest" in seen.words
    assert "-X PUT -H &quot;Authorization" in seen.markup.replace('"', "&quot;")
    seen.demand_clean()


def test_page_that_asks_for_itself_gets_no_shell(logged_in: Door) -> None:
    client = logged_in("rita")
    answer = client.get("/", headers={"HX-Request": "true", "X-Portal-Poll": "1"}).content.decode()
    assert '<main class="main"' in answer
    assert "<head>" not in answer
    back = client.get("/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<head>" in back.content.decode()


def test_run_that_has_ended_shows_how_it_left_traffic_not_what_serves_now(logged_in: Door) -> None:
    run = DeploymentRun.objects.get(pk=world.completed().production_run_id)
    DeploymentRun.objects.filter(pk=run.pk).update(traffic_at=run.started_at)
    seen = look(logged_in("devon"), f"/deployments/{run.pk}/")
    assert "its way back is closed" in seen.heading
    assert "green had all of it when the run ended" in seen.words
    assert "On green" not in seen.words
    assert "served none yet" not in seen.words


class TestInReview(Begun):
    """What is read of a release that waits for its signatures."""

    begin = staticmethod(world.in_review)

    @pytest.mark.parametrize("name", ["devon", "quinn", "sasha", "dana", "sue", "stan", "audrey", "adam"])
    def test_everybody_with_a_role_reads_release_and_room(
        self, release: Release, name: str, logged_in: Door
    ) -> None:
        for tab in ("", "go/"):
            seen = look(logged_in(name), f"{release.link}{tab}")
            assert seen.status == 200
            seen.demand_clean()

    def test_every_page_links_to_a_part_of_the_help_that_is_there(
        self, release: Release, logged_in: Door
    ) -> None:
        client = logged_in("rita")
        parts = look(client, "/help/").markup
        for path in (
            *ROOMS[:-1],
            release.link,
            *(f"{release.link}{tab}" for tab in TABS),
            "/account/settings/",
        ):
            anchor = re.search(r'href="/help/#(\w+)"', look(client, path).markup)
            assert anchor, path
            assert f'id="{anchor.group(1)}"' in parts, path

    def test_room_counts_what_is_left_and_says_when_nothing_is(
        self, release: Release, logged_in: Door
    ) -> None:
        assert "is not ready to go: " in look(logged_in("rita"), f"{release.link}go/").heading
        world.sign(world.open_window(release))
        assert (
            look(logged_in("rita"), f"{release.link}go/").heading
            == f"{release.version} is ready to go: nothing is left."
        )
