"""What an endpoint takes: exactly what it declares, each refusal naming its field."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest
from rest_framework.test import APIClient

from events.models import Event
from rest.parsers import MAX_BYTES

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.probe")]
NOTES = "/api/v1/notes/"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "a", "colour": "red"}, "colour"),
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": "a\x1b[31m"}, "text"),
        ({"text": "two\nlines"}, "text"),
        ({"text": "turned \u202e round"}, "text"),
        ({"text": "x" * 21}, "text"),
        ({"text": "\u200b \u2060"}, "text"),
        ({"text": "a", "notes": "\u200b\n\u2028"}, "notes"),
        ({"text": "a", "notes": "bell \x07"}, "notes"),
        ({"text": "a", "loud": "yes"}, "loud"),
        ({"text": "a", "loud": 1}, "loud"),
        ({"text": "a", "at": "2026-11-24T21:00:00"}, "at"),
        ({"text": "a", "at": "tomorrow"}, "at"),
        ({"text": "a", "at": 1764018000}, "at"),
        ({"text": "a", "at": "9999-12-31T23:59:59-14:00"}, "at"),
        ({"text": "a", "names": ["x"]}, "names"),
        ({"text": "a", "names": {"x": 1}}, "names.x"),
        ({"text": "a", "names": {"": "x"}}, "names."),
        ({"text": "a", "inner": {"depth": 3, "width": 1}}, "inner.width"),
        ({"text": "a", "inner": [1]}, "inner"),
        ({"text": "a", "many": [{"depth": 1}, {"depth": 99}]}, "many.1.depth"),
        ({"text": "a", "many": {"depth": 1}}, "many"),
        ([{"text": "a"}], "(body)"),
        ("text", "(body)"),
    ],
)
def test_wrong_shape_is_refused_by_name(ci: APIClient, body: Any, field: str) -> None:
    answer = ci.post(NOTES, body, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert field in answer.json()["fields"], answer.json()
    assert not Event.objects.filter(stream="probe/1").exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'{"text": "a", "text": "b"}',
        b'{"text": NaN}',
        b'\xff\xfe{"text": "a"}',
        b"[" * 5_000 + b"]" * 5_000,
        b"[" * 500_000,
        b'{"text": ' + b"9" * 5_000 + b"}",
        b'{"many": ' + b"[" * 40 + b"]" * 40 + b"}",
        rb'{"text": "\ud800"}',
        rb'{"\udfff": "a"}',
    ],
    ids=["cut", "twice", "nan", "utf-16", "deep", "deeper", "long number", "nested", "half", "half name"],
)
def test_unreadable_body_is_malformed(ci: APIClient, raw: bytes) -> None:
    answer = ci.post(NOTES, raw, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["type"] == "/api/v1/problems/malformed/"


def test_several_lines_pass_where_they_are_wanted(ci: APIClient) -> None:
    answer = ci.post(NOTES, {"text": " a ", "notes": "one\r\ntwo\tthree"}, format="json")
    assert answer.status_code == 201
    assert answer.json() == {"text": "a"}


def test_five_megabytes_are_too_large(ci: APIClient) -> None:
    answer = ci.post(NOTES, b'{"text": "' + b"x" * 5 * MAX_BYTES + b'"}', content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["status"] == 413


def test_other_media_types_are_refused(ci: APIClient) -> None:
    assert ci.post(NOTES, {"text": "a"}, format="multipart").status_code == 415
    assert ci.post(NOTES, b"text=a", content_type="application/x-www-form-urlencoded").status_code == 415


def test_chunked_body_asks_for_its_length(ci: APIClient) -> None:
    answer = ci.post(NOTES, HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    assert answer.status_code == 411


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=ten", "cursor=zzz", "limit=5&limit=6", "page=2"]
)
def test_wrong_query_is_refused_by_name(ci: APIClient, query: str) -> None:
    answer = ci.get(f"{NOTES}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [query.split("=")[0]]


@pytest.mark.parametrize(
    "position", ["abc", "", "-1", "1.5", "\0", "9" * 30, "\u0663", "2026-11-29 07:10:45+00:00"]
)
def test_cursor_that_was_tampered_with_is_refused_by_name(ci: APIClient, position: str) -> None:
    cursor = base64.b64encode(f"p={position}".encode()).decode()
    answer = ci.get(NOTES, {"cursor": cursor})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["cursor"]


def test_query_that_a_call_does_not_read_is_refused_before_it_acts(ci: APIClient) -> None:
    answer = ci.post(f"{NOTES}?dry_run=true", {"text": "a"}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["dry_run"]
    assert not Event.objects.filter(stream="probe/1").exists()


def test_write_that_compares_no_revision_refuses_if_match(ci: APIClient) -> None:
    answer = ci.post(NOTES, {"text": "a"}, format="json", HTTP_IF_MATCH='"3"')
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["If-Match"]
    assert not Event.objects.filter(stream="probe/1").exists()


@pytest.mark.parametrize("method", ["get", "head"])
def test_reading_refuses_a_query_that_it_does_not_read(ci: APIClient, method: str) -> None:
    assert getattr(ci, method)("/api/v1/tagged/?at=yesterday").status_code == 400


def test_packed_body_is_told_to_come_unpacked(ci: APIClient) -> None:
    packed = gzip.compress(b'{"text": "a"}')
    answer = ci.post(NOTES, packed, content_type="application/json", HTTP_CONTENT_ENCODING="gzip")
    assert answer.status_code == 415
    assert "Content-Encoding gzip" in answer.json()["detail"]
