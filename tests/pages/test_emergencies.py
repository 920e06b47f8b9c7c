"""Emergencies in the browser's eyes: a GET asks, a POST acts, everybody sees what is stopped and owed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from approvals.models import BreakGlass, EmergencyStop, Review
from events import clock
from releases.services import emergency
from tests.accounts.fixtures import give_factor
from tests.cast import actor, user
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def page(name: str) -> Client:
    """A browser in which this person has just given their second factor."""
    client = Client()
    client.force_login(user(name))
    give_factor(client, name)
    return client


def test_get_shows_the_effect_in_numbers_and_stops_nothing() -> None:
    world.deploying()
    shown = page("sue").get("/emergency/stop/").content.decode()
    assert "1 run holds: 2026.11.0 in production (queued)." in shown
    assert "No window is missed." in shown
    assert not EmergencyStop.objects.exists()


def test_stop_counts_the_windows_that_are_missed() -> None:
    world.approved()
    assert "1 window is missed" in page("devon").get("/emergency/stop/").content.decode()


def test_every_page_has_the_press_for_those_who_may() -> None:
    for address in ("/", "/releases/", "/deployments/"):
        assert 'id="stop-all"' in page("devon").get(address).content.decode()
        assert 'id="stop-all"' not in page("adam").get(address).content.decode()


def test_stop_is_made_signed_and_lifted_by_pages() -> None:
    page("sue").post("/emergency/stop/", {"environment": "", "reason": ""})
    stop = EmergencyStop.objects.get()
    assert "Stopped" in page("rita").get("/shell/").content.decode()
    assert "missing" in page("rita").get("/emergency/").content.decode()
    assert page("devon").post(f"/emergency/stops/{stop.pk}/lift/", {"reason": "x"}).status_code == 409
    for name, role in (("rita", "release_manager"), ("sasha", "security_officer")):
        address = f"/emergency/stops/{stop.pk}/sign/"
        assert page(name).get(address).status_code == 200
        answer = {"role": role, "answer": "go", "remark": "", "seal": stop.gate.seal}
        assert page(name).post(address, answer).status_code == 302
    assert (
        page("devon").post(f"/emergency/stops/{stop.pk}/lift/", {"reason": "False alarm."}).status_code == 302
    )
    assert not EmergencyStop.objects.get().in_force


def test_admin_can_look_and_change_nothing() -> None:
    page("sue").post("/emergency/stop/", {"environment": "", "reason": ""})
    stop = EmergencyStop.objects.get()
    answer = page("adam").post(f"/admin/approvals/emergencystop/{stop.pk}/delete/", {"post": "yes"})
    assert answer.status_code in (302, 403)
    assert EmergencyStop.objects.get().in_force


def test_glass_is_broken_from_the_release_and_its_review_is_shown() -> None:
    release = world.in_review()
    address = f"/releases/{release.version}/break-glass/"
    assert "0 of 3 signatures stand" in page("rita").get(address).content.decode()
    assert not BreakGlass.objects.exists()
    assert page("rita").post(address, {"reason": "Outage", "seal": release.seal}).status_code == 302
    assert "Review of broken glass" in page("quinn").get("/emergency/").content.decode()
    world.sign(release, "quinn")
    assert "broke the glass" in page("rita").get(f"/releases/{release.version}/go/").content.decode()


def test_review_that_said_no_go_waits_for_what_follows_on_the_pages() -> None:
    release = world.in_review()
    emergency.break_glass(release.version, actor=actor("rita"), reason="Outage.", seal=release.seal)
    review = Review.objects.get()
    answer = {"role": "qa_lead", "answer": "no_go", "remark": "Untested.", "seal": release.seal}
    assert page("quinn").post(f"/emergency/reviews/{review.pk}/sign/", answer).status_code == 302
    address = f"/emergency/reviews/{review.pk}/follow-up/"
    assert "1 review blocks the next ordinary release." in page("quinn").get("/emergency/").content.decode()
    assert address in page("sasha").get("/for-you/").content.decode()
    assert address not in page("rita").get("/for-you/").content.decode()  # she broke the glass
    assert "Untested." in page("sasha").get(address).content.decode()
    assert page("sasha").post(address, {"follow_up": "Tested by Friday."}).status_code == 302
    assert "No review" in page("sasha").get("/emergency/").content.decode()
    assert page("sasha").get("/emergency/reviews/999/follow-up/").status_code == 404


def test_late_entry_page_records() -> None:
    release = world.draft()
    at = (clock.now() - timedelta(hours=4)).isoformat()
    given = {"version": release.version, "at": at, "reason": "The portal was down."}
    assert page("devon").get("/emergency/late-entry/").status_code == 200
    answer = page("devon").post("/emergency/late-entry/", given)
    assert answer.status_code == 302
    assert BreakGlass.objects.get().late_entry


def test_service_is_what_refuses_the_page() -> None:
    release = world.in_review()
    address = f"/releases/{release.version}/break-glass/"
    assert page("devon").post(address, {"reason": "x", "seal": release.seal}).status_code == 403
    assert emergency.glass_of(release) is None
    assert actor("devon").label == "devon"


def test_broken_glass_without_a_fresh_factor_breaks_nothing() -> None:
    release = world.in_review()
    client = Client()
    client.force_login(user("rita"))
    give_factor(client, "rita", minutes_ago=10)
    address = f"/releases/{release.version}/break-glass/"
    answer = client.post(address, {"reason": "Outage", "seal": release.seal})
    assert answer.headers["Location"] == "/account/step-up/"
    assert not BreakGlass.objects.exists()
