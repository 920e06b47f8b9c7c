"""A client that holds every answer to the API's own description: status, media type and shape."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import jsonschema
from allauth.mfa.models import Authenticator
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.roles import Scope
from accounts.services.factors import next_code
from hmhp_portal.api.docs import description
from tests import cast
from tests.remembered import remembered

ROOT = "/api/v1/"
SERVICE = ("read", "release", "stage")


class Caller(APIClient):
    """CI, or a person with a token of their own; exceptions come back as answers, as in production.

    A person's writes bring the code that their app shows, as a real client does.
    """

    def __init__(self, name: str | None, *scopes: str, environments: tuple[str, ...] = ()) -> None:
        super().__init__(raise_request_exception=False)
        wanted = scopes or (SERVICE if name is None else tuple(Scope.values))
        self._app, text = _keys(name, wanted, environments)
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """One call under `/api/v1/`, its answer judged."""
        extra = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        if self._app is not None and method != "get":
            extra.setdefault("HTTP_PORTAL_ONE_TIME_CODE", next_code(self._app.user) or "")
        response = getattr(self, method)(ROOT + path, body, format="json", **extra)
        judge(method, ROOT + path.split("?")[0], response)
        return response

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The body of an answer that must not be a refusal."""
        response = self.call(method, path, body, **headers)
        assert response.status_code < 300, response.content
        return response.json() if response.content else None

    def no(self, status: int, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The problem of an answer that must be this refusal."""
        response = self.call(method, path, body, **headers)
        assert response.status_code == status, response.content
        return response.json()


@remembered(
    lambda keys: (keys[0] and keys[0].pk, keys[1]),
    lambda kept: (Authenticator.objects.filter(pk=kept[0]).first(), kept[1]),
)
def _keys(
    name: str | None, scopes: tuple[str, ...], environments: tuple[str, ...]
) -> tuple[Authenticator | None, str]:
    """The app of a person, and the text of a token."""
    app = cast.app_of(name) if name else None
    return app, cast.token_of(name, *scopes, environments=environments)[1]


def ci() -> Caller:
    """A pipeline with a service token."""
    return Caller(None)


def kind(problem: dict[str, Any]) -> str:
    """The name of a problem's type."""
    return str(problem["type"]).rsplit("/", 2)[-2]


@lru_cache(maxsize=1)
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    found = description()["paths"].items()
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), item) for path, item in found]


def judge(method: str, path: str, response: Response) -> None:
    """Fail unless the description promised this answer."""
    assert response.status_code < 500, response.content
    item = next((item for pattern, item in _paths() if pattern.fullmatch(path)), None)
    if item is None or method not in item or response.status_code == 405:
        assert response["Content-Type"] == "application/problem+json"
        return
    promised = item[method]["responses"]
    assert str(response.status_code) in promised, f"{method} {path}: {response.status_code} is not described"
    content = promised[str(response.status_code)].get("content", {})
    if not content:
        assert response.content == b""
        return
    media = response["Content-Type"].split(";")[0]
    assert media in content, f"{media} is not described"
    schema = {"components": description()["components"], **content[media]["schema"]}
    jsonschema.Draft202012Validator(schema).validate(response.json())
