"""Long lists are counted as far as a reader turns: the number says so, and every row can be reached."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from approvals import long_lists

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_lists, "COUNTED", 4)
    User.objects.bulk_create(User(username=f"u{n}", email=f"u{n}@hmhp.example") for n in range(9))


def turned_to(asked: str | None, size: int = 2) -> tuple[list[str], long_lists.LongList]:
    page, found = long_lists.page_of(User.objects.order_by("username"), size, asked)
    return [user.username for user in page.object_list], found


def test_short_list_is_counted_to_its_end() -> None:
    _, found = turned_to(None, size=9)
    assert (found.counted, found.pages_counted) == ("9", "1")


def test_long_list_says_that_there_is_more() -> None:
    first, found = turned_to(None)
    assert (first, found.counted, found.pages_counted) == (["u0", "u1"], "more than 6", "more than 3")


def test_every_row_is_reached_by_turning_on() -> None:
    seen: list[str] = []
    for number in range(1, 6):
        rows, found = turned_to(str(number))
        seen += rows
    assert (seen, found.counted) == ([f"u{n}" for n in range(9)], "9")


@pytest.mark.parametrize(("asked", "rows"), [("77", ["u8"]), ("-1", ["u0", "u1"]), ("x", ["u0", "u1"])])
def test_page_that_is_not_there_is_the_nearest(asked: str, rows: list[str]) -> None:
    assert turned_to(asked)[0] == rows


def test_counting_stops_where_it_is_enough() -> None:
    with CaptureQueriesContext(connection) as caught:
        turned_to("1")
    assert "LIMIT 7" in caught.captured_queries[0]["sql"]
