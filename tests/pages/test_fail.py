"""Errors are pages too: what happened, what still holds, the way on. Nothing inline, nothing secret."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client

from tests.accounts.fixtures import Door
from tests.pages.look import Seen
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def fail(door: Door, error: Exception) -> Seen:
    client = door("rita")
    client.raise_request_exception = False
    with patch("desk.views.seen.in_flight", side_effect=error):
        answer = client.get("/")
    return Seen(answer.status_code, answer.content.decode())


def test_database_away_is_503_with_what_still_holds(logged_in: Door) -> None:
    seen = fail(logged_in, OperationalError("connection to server at 10.0.0.5 failed"))
    assert seen.status == 503
    assert "cannot reach its database" in seen.heading
    assert "Traffic stays where it is" in seen.words
    assert "10.0.0.5" not in seen.markup
    seen.demand_clean()


def test_failure_of_the_portal_is_500_without_its_cause(logged_in: Door) -> None:
    seen = fail(logged_in, RuntimeError("secret of the inside"))
    assert seen.status == 500
    assert "secret" not in seen.markup


def test_unknown_address_is_a_page(logged_in: Door) -> None:
    answer = logged_in("rita").get("/nothing/here/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_expired_form_says_that_nothing_was_done(logged_in: Door) -> None:
    release = world.draft()
    answer = logged_in("rita", enforce_csrf_checks=True).post(f"{release.link}cancel/", {"reason": "x"})
    assert answer.status_code == 403
    assert "Nothing was done" in answer.content.decode()


def test_login_comes_back_to_where_somebody_wanted_to_go(db: None) -> None:
    answer = Client().get("/releases/2026.11.0/go/")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("next=/releases/2026.11.0/go/")


@pytest.mark.parametrize("text", ["\u202eevil", "שלום עולם", "x" * 200, "<b>bold</b>", "a\u0000b"])
def test_odd_words_in_filters_and_titles_break_nothing(text: str, logged_in: Door) -> None:
    world.draft(title=text.replace("\u0000", "")[:200].replace("\u202e", ""))
    for path in ("/releases/", "/audit/"):
        answer = logged_in("rita").get(path, {"q": text, "stream": text, "person": text, "page": "zwei"})
        assert answer.status_code == 200
        assert "<b>bold" not in answer.content.decode()
