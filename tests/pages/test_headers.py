"""Headers of every answer: what may load, who may frame, what is told on and kept, how cookies travel."""

from __future__ import annotations

import gzip

import pytest
from django.http.response import HttpResponseBase
from django.test import Client, override_settings

from hmhp_portal.settings.environment import Environment
from tests.accounts.fixtures import Door
from tests.cast import PASSWORD, user
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
POLICY = {
    "default-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
PRIVATE = (
    "/",
    "/releases/",
    "/audit/",
    "/people/",
    "/account/settings/",
    "/account/tokens/",
    "/nothing/here/",
)


def answers(door: Door) -> list[tuple[str, HttpResponseBase]]:
    """Pages of a person, the door, a refusal, an error of the API and a redirect."""
    world.draft()
    rita = door("rita")
    found = [(path, rita.get(path)) for path in (*PRIVATE, "/releases/2026.11.0/", "/releases/9.9.9/")]
    nobody = Client()
    return found + [
        (path, nobody.get(path)) for path in ("/account/login/", "/releases/", "/api/v1/releases/")
    ]


def test_every_answer_holds_the_strict_policy(logged_in: Door) -> None:
    for path, answer in answers(logged_in):
        policy = answer.headers["Content-Security-Policy"]
        assert {part.strip() for part in policy.split(";")} == POLICY, path
        assert "unsafe" not in policy


def test_no_answer_may_be_framed_sniffed_or_told_on(logged_in: Door) -> None:
    for path, answer in answers(logged_in):
        assert answer.headers["X-Frame-Options"] == "DENY", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path


def test_every_answer_gives_up_what_the_portal_never_asks_of_a_browser(logged_in: Door) -> None:
    for path, answer in answers(logged_in):
        for feature in ("camera", "geolocation", "microphone", "payment"):
            assert f"{feature}=()" in answer.headers["Permissions-Policy"], path


def test_nothing_that_one_person_sees_is_kept(logged_in: Door) -> None:
    for path, answer in answers(logged_in):
        assert "no-store" in answer.headers["Cache-Control"], path


@pytest.mark.parametrize("name", ["hmhp_session", "hmhp_csrf"])
def test_cookies_are_out_of_reach_of_scripts_and_other_sites(name: str, logged_in: Door) -> None:
    person = user("rita")
    person.set_password(PASSWORD)
    person.save()
    client = Client()
    client.get("/account/login/")
    client.post("/account/login/", {"login": "rita", "password": PASSWORD})
    client.get("/account/settings/")
    cookie = client.cookies[name]
    assert cookie["httponly"]
    assert cookie["samesite"] in ("Lax", "Strict")


def test_portal_reached_by_https_sends_cookies_by_https_alone() -> None:
    assert Environment(base_url="https://portal.example", mode="up", database_url="postgresql://x@y/z",
                       redis_url="redis://z", secret_key="k" * 40).secure  # fmt: skip


@override_settings(SECURE_HSTS_SECONDS=31_536_000)
def test_portal_reached_by_https_stays_on_https(logged_in: Door) -> None:
    assert logged_in("rita").get("/", secure=True).headers["Strict-Transport-Security"].startswith("max-age=")


def test_pages_go_compressed_to_browsers_that_can(logged_in: Door) -> None:
    client = logged_in("rita")
    plain = client.get("/help/")
    small = client.get("/help/", headers={"accept-encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.content) < len(plain.content) / 2
    assert "<h1" in gzip.decompress(small.content).decode()
