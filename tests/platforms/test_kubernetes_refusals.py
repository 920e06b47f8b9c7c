"""What an answer of an API server means: come again, or no, in words that somebody can act on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from platforms.base import PlatformError, PlatformRefused, PlatformUnavailable
from platforms.kubernetes.refusals import Conflict, Gone, Missing, raise_for


def told(
    status: int, message: str = "x", headers: dict[str, str] | None = None, **more: Any
) -> PlatformError:
    """The error that such an answer becomes."""
    body = json.dumps({"kind": "Status", "message": message, **more}).encode()
    with pytest.raises(PlatformError) as raised:
        raise_for(status, body, headers or {})
    return raised.value


@pytest.mark.parametrize(("status", "kind"), [(404, Missing), (409, Conflict), (410, Gone)])
def test_answers_that_the_driver_handles_itself(status: int, kind: type) -> None:
    assert isinstance(told(status), kind)


def test_busy_server_is_asked_again_when_it_says() -> None:
    error = told(429, "too many requests", {"Retry-After": "7"})
    assert isinstance(error, PlatformUnavailable)
    assert error.retry_after == 7


@pytest.mark.parametrize("after", ["soon", "-3", "100000"])
def test_senseless_retry_after_stays_within_bounds(after: str) -> None:
    error = told(503, "x", {"Retry-After": after})
    assert isinstance(error, PlatformUnavailable)
    assert 0.5 <= error.retry_after <= 60


@pytest.mark.parametrize(
    ("status", "message", "code", "words"),
    [
        (400, 'admission webhook "p.example" denied the request: no', "admission", "p.example refuses: no"),
        (422, "ValidatingAdmissionPolicy 'p' with binding denied request: no", "admission", "p refuses: no"),
        (403, 'pods "a" is forbidden: exceeded quota: small, used: 3', "quota", "quota small is exceeded"),
        (403, 'User "p" cannot patch resource "pods"', "forbidden", "may not patch pods"),
        (403, "unable to create in namespace a: it is being terminated", "terminating", "being deleted"),
        (422, "spec.replicas: Invalid value", "invalid", "spec.replicas: Invalid value"),
    ],
)  # fmt: skip
def test_a_no_has_a_code_and_a_sentence(status: int, message: str, code: str, words: str) -> None:
    error = told(status, message)
    assert isinstance(error, PlatformRefused)
    assert error.code == code
    assert words in error.reason


def test_field_of_another_manager_is_named_with_its_owner() -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "argocd" using v1',
        "field": ".spec.rules",
    }
    error = told(409, "Apply failed with 1 conflict", details={"causes": [cause]})
    assert isinstance(error, PlatformRefused)
    assert (error.code, "spec.rules of this object is managed by argocd" in error.reason) == ("owned", True)


def test_answer_that_is_no_json_is_told_as_it_is() -> None:
    with pytest.raises(PlatformUnavailable, match="Bad gateway"):
        raise_for(502, b"<html>Bad gateway</html>", {})
