"""Idempotency-Key: the same call under the same key is done once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from rest_framework.response import Response
from rest_framework.test import APIClient

from events import clock
from events.models import Event
from rest.models import KeptAnswer
from tests import cast
from tests.rest import probe

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.probe")]
NOTES, APART = "/api/v1/notes/", "/api/v1/apart/"


def post(client: APIClient, text: str, key: str, where: str = NOTES) -> Response:
    return client.post(where, {"text": text}, format="json", HTTP_IDEMPOTENCY_KEY=key)


def noted() -> int:
    return Event.objects.filter(stream="probe/1").count()


@pytest.mark.parametrize("where", [NOTES, APART])
def test_repeat_returns_the_first_answer(ci: APIClient, where: str) -> None:
    first, second = post(ci, "a", "k1", where), post(ci, "a", "k1", where)
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, {"text": "a"})
    assert second["Location"] == "/here/"
    assert second["Idempotency-Replayed"] == "true"
    assert noted() == 1


def test_another_body_under_the_key_is_refused(ci: APIClient) -> None:
    post(ci, "a", "k1")
    answer = post(ci, "b", "k1")
    assert answer.status_code == 422
    assert answer.json()["type"] == "/api/v1/problems/idempotency-key-reused/"
    assert noted() == 1


def test_keys_of_two_callers_never_meet(ci: APIClient) -> None:
    other = APIClient()
    other.credentials(HTTP_AUTHORIZATION=f"Bearer {cast.token_of('dana', 'release')[1]}")
    assert post(ci, "a", "k1").status_code == post(other, "b", "k1").status_code == 201
    assert noted() == 2


def test_refused_call_changes_nothing_and_frees_its_key(ci: APIClient) -> None:
    assert post(ci, "blocked", "k1").status_code == 409
    assert noted() == 0
    assert post(ci, "a", "k1").status_code == 201


def test_failure_changes_nothing_and_frees_its_key(ci: APIClient) -> None:
    assert post(ci, "broken", "k1").status_code == 500
    assert noted() == KeptAnswer.objects.count() == 0


def test_without_a_key_each_call_counts(ci: APIClient) -> None:
    for _ in range(2):
        assert ci.post(NOTES, {"text": "a"}, format="json").status_code == 201
    assert noted() == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "käse", "a b"])
def test_strange_key_is_refused(ci: APIClient, key: str) -> None:
    answer = post(ci, "a", key)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["Idempotency-Key"]


def test_old_answers_are_forgotten(ci: APIClient) -> None:
    with clock.at(clock.now() - timedelta(days=8)):
        post(ci, "a", "k1")
    post(ci, "a", "k2")
    assert [kept.key for kept in KeptAnswer.objects.all()] == ["k2"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", [NOTES, APART])
def test_concurrent_repeat_is_told_to_wait(ci: APIClient, where: str) -> None:
    probe.hold.clear()
    probe.inside.clear()
    answers: list[int] = []

    def first() -> None:
        answers.append(post(ci, "wait", "k1", where).status_code)
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert probe.inside.wait(10)
        early = post(ci, "wait", "k1", where)
    finally:
        probe.hold.set()
        thread.join(10)
    assert early.status_code == 409
    assert early.json()["type"] == "/api/v1/problems/idempotency-key-in-use/"
    late = post(ci, "wait", "k1", where)
    assert answers == [201]
    assert (late.status_code, late["Idempotency-Replayed"]) == (201, "true")
    assert noted() == 1
