"""Entity tags: 304 for who has it, the revision of If-Match, tags that ignore ages."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from rest.entity_tags import tag_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.probe")]
TAGGED = "/api/v1/tagged/"


@pytest.mark.parametrize("header", ['"3-17"', 'W/"3-17"', '"1-1", "3-17"', "*"])
def test_who_has_it_gets_no_body(ci: APIClient, header: str) -> None:
    answer = ci.get(TAGGED, HTTP_IF_NONE_MATCH=header)
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer["ETag"] == '"3-17"'


@pytest.mark.parametrize("header", ['"3-18"', "3-17", "", "nonsense,,", '"'])
def test_who_has_another_gets_it_whole(ci: APIClient, header: str) -> None:
    answer = ci.get(TAGGED, HTTP_IF_NONE_MATCH=header)
    assert answer.json() == {"a": 1}
    assert answer["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("header", "read"),
    [('"3-17"', '"3"'), ('"3"', '"3"'), ("*", None), ("", None), ('W/"4-1", "5"', '"4", "5"')],
)
def test_if_match_names_a_revision(ci: APIClient, header: str, read: str | None) -> None:
    assert ci.patch(TAGGED, {}, format="json", HTTP_IF_MATCH=header).json() == {"read": read}


@pytest.mark.parametrize("header", ["3", '"', '"1", x', "\x00", '"²"'])
def test_strange_if_match_is_refused(ci: APIClient, header: str) -> None:
    answer = ci.patch(TAGGED, {}, format="json", HTTP_IF_MATCH=header)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["If-Match"]


def test_ages_do_not_change_the_tag() -> None:
    without = frozenset({"age_seconds"})
    old, new = ({"facts": [{"name": "a", "age_seconds": age}]} for age in (1, 2))
    assert tag_of(old, without=without) == tag_of(new, without=without)
    assert tag_of(old) != tag_of(new)
