"""The list of releases: filters, order, and an address that keeps both."""

from __future__ import annotations

import re

import pytest

from tests.accounts.fixtures import Door
from tests.pages.look import Seen, look
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def versions(seen: Seen) -> list[str]:
    return re.findall(r'<a class="ver strong" href="/releases/[^"]+">([^<]+)</a>', seen.markup)


@pytest.fixture
def three(platform: None) -> None:
    world.draft("2026.11.0", title="Calmer sign-in", kind="feature")
    world.draft(
        "2026.11.1", title="Codec", kind="security", authors=[{"host": "github.com", "login": "quinn-gh"}]
    )
    world.staged("2026.12.0", components={**world.whole("c")})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "codec"}, {"2026.11.1"}),
        ({"q": "2026.12"}, {"2026.12.0"}),
        ({"state": "validating"}, {"2026.12.0"}),
        ({"kind": "security"}, {"2026.11.1"}),
        ({"person": "@quinn"}, {"2026.11.1"}),
        ({"service": "mailer"}, {"2026.11.0", "2026.11.1", "2026.12.0"}),
        ({"service": "nothing"}, set()),
        ({"state": "no such state"}, {"2026.11.0", "2026.11.1", "2026.12.0"}),
    ],
)
def test_filters_leave_what_fits(
    three: None, asked: dict[str, str], found: set[str], logged_in: Door
) -> None:
    assert set(versions(look(logged_in("rita"), "/releases/", **asked))) == found


def test_order_by_version_both_ways(three: None, logged_in: Door) -> None:
    up = versions(look(logged_in("rita"), "/releases/", sort="version"))
    assert up == sorted(up)
    assert versions(look(logged_in("rita"), "/releases/", sort="-version")) == up[::-1]


def test_links_keep_filter_and_order(three: None, logged_in: Door) -> None:
    seen = look(logged_in("rita"), "/releases/", kind="feature", sort="-version")
    assert "?kind=feature&amp;sort=version" in seen.markup
    assert 'name="sort" value="-version"' in seen.markup


def test_nothing_found_offers_the_way_back(three: None, logged_in: Door) -> None:
    seen = look(logged_in("rita"), "/releases/", q="2026.13")
    assert seen.heading == "No releases match."
    assert "Show all releases" in seen.words


def test_first_day_says_how_to_begin(logged_in: Door) -> None:
    assert look(logged_in("rita"), "/releases/").heading == "No releases yet."
