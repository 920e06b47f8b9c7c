"""GET releases/."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.api.caller import Caller
from tests.releases import world


def versions(page: dict[str, Any]) -> list[str]:
    return [row["version"] for row in page["results"]]


def test_newest_come_first_page_by_page(ci: Caller) -> None:
    for number in range(5):
        world.draft(f"1.{number}.0")
    page = ci.ok("get", "releases/?limit=2")
    seen = versions(page)
    while page["next"]:
        page = ci.ok("get", page["next"].split("/api/v1/")[1])
        seen += versions(page)
    assert seen == ["1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0"]


def test_a_page_stays_right_while_releases_are_made(ci: Caller) -> None:
    world.draft("1.0.0")
    world.draft("1.1.0")
    first = ci.ok("get", "releases/?limit=1")
    world.draft("1.2.0")
    assert versions(ci.ok("get", first["next"].split("/api/v1/")[1])) == ["1.0.0"]


def test_filters_narrow(ci: Caller) -> None:
    world.draft("1.0.0", kind="security")
    world.staged("1.1.0")
    assert versions(ci.ok("get", "releases/?kind=security")) == ["1.0.0"]
    assert versions(ci.ok("get", "releases/?state=validating")) == ["1.1.0"]
    assert versions(ci.ok("get", "releases/?person=dana&state=draft")) == ["1.0.0"]


@pytest.mark.parametrize(
    "query", ["state=nope", "kind=x", "sort=up", "limit=0", "text=%00", "cursor=%ff", "cursor=cD0x"]
)
def test_unknown_filters_are_refused_by_name(ci: Caller, query: str) -> None:
    problem = ci.no(400, "get", f"releases/?{query}")
    assert list(problem["fields"]) == [query.split("=")[0]]


def test_queries_do_not_grow_with_the_page(
    ci: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        world.draft(f"1.{number}.0")
    with django_assert_max_num_queries(9):
        ci.ok("get", "releases/")


def test_nobody_and_otto_read_nothing(platform: None) -> None:
    Caller("otto").no(403, "get", "releases/")
    assert Caller("stan").ok("get", "releases/") == {"next": None, "previous": None, "results": []}
