"""Every refusal is problem details, whoever raised it."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404
from redis.exceptions import ConnectionError as RedisAway
from rest_framework.test import APIClient

from hmhp_portal.api.kinds import kinds
from hmhp_portal.api.problems import problem_of
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.probe")]
NOTES = "/api/v1/notes/"


def test_rule_is_told_with_its_blockers(ci: APIClient) -> None:
    answer = ci.post(NOTES, {"text": "blocked"}, format="json")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/api/v1/problems/blocked/",
        "title": "Something is missing",
        "status": 409,
        "detail": "No.",
        "instance": NOTES,
        "blockers": [{"code": "bell", "sentence": "The bell is missing.", "who": "a QA Lead"}],
    }


def test_unforeseen_failure_tells_a_reference_and_no_secret(
    ci: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ci.post(NOTES, {"text": "broken"}, format="json")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()
    reference = answer.json()["detail"].rstrip(".").split()[-1]
    assert reference in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_nobody_is_asked_to_sign_in() -> None:
    answer = APIClient().get(NOTES)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "/api/v1/problems/not-signed-in/"
    assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer a b", "Bearer hmhp_00000000_" + "x" * 43, "Bearer \xff"]
)
def test_strange_token_is_unauthenticated(db: None, header: str) -> None:
    answer = APIClient(raise_request_exception=False).get(NOTES, HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401


def test_expired_token_is_unauthenticated(db: None) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {cast.expired_token_of('dana', 'read')}")
    answer = client.get(NOTES)
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


def test_session_without_its_csrf_token_is_foreign(db: None) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(cast.user("dana"))
    answer = client.post(NOTES, {"text": "a"}, format="json")
    assert answer.status_code == 403
    assert answer.json()["type"] == "/api/v1/problems/csrf/"


def test_scope_that_is_missing_is_named(db: None) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {cast.token_of('dana', 'read')[1]}")
    answer = client.post(NOTES, {"text": "a"}, format="json")
    assert answer.status_code == 403
    assert "release" in answer.json()["detail"]


def test_other_method_is_named_with_those_allowed(ci: APIClient) -> None:
    answer = ci.delete(NOTES)
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert answer.json()["type"] == "/api/v1/problems/method-not-allowed/"


def test_other_accept_is_refused(ci: APIClient) -> None:
    assert ci.get(NOTES, HTTP_ACCEPT="text/html").status_code == 406
    assert ci.get(NOTES, HTTP_ACCEPT="text/html").json()["status"] == 406


@pytest.mark.parametrize("address", ["/api/v1/nothing/", "/api/v1/notes", "/api/v1/%00/", "/api/v1/é/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_unknown_address_is_a_problem_too(ci: APIClient, address: str, method: str) -> None:
    answer = getattr(ci, method)(address)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (Http404(), 404),
        (IntegrityError("dup"), 409),
        (DataError("long"), 400),
        (OperationalError("gone"), 503),
        (RedisAway("gone"), 503),
    ],
)
def test_failures_of_what_is_behind_have_their_status(raised: Exception, status: int) -> None:
    assert problem_of(raised).status == status


def test_every_type_leads_to_its_meaning(client: APIClient) -> None:
    for name in kinds():
        answer = client.get(f"/api/v1/problems/{name}/")
        assert answer.status_code == 302
        assert answer["Location"].endswith(f"#problem-{name}")
