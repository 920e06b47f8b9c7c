"""Whatever is sent, no call ends in a 5xx, and every answer is one that the description promises.

Schemathesis draws calls from our own description, right and wrong ones; they go through Django's WSGI
handler to real services on a real database. Names in addresses are mostly ones that exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings

from accounts.roles import Role, Scope
from accounts.services.roles import grant_role
from approvals.models import SignOff
from deployments.models import DeploymentRun
from hmhp_portal.api.docs import description
from tests import cast
from tests.releases import world

WRITTEN = json.loads(json.dumps(description(), default=str))
CALLS = schemathesis.openapi.from_dict(WRITTEN)
CALLS.app = WSGIHandler()
Known = dict[str, list[Any]]
REPLACED = ("authorization", "accept-encoding")
NAMES = ("web", "security_scan", "smoke", "backup_age")


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The handler ends its connection with each request; a test's transaction needs it kept."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def known(_platform: None) -> Known:
    """Names that exist: releases in many states, their runs and signatures; made once."""
    world.completed("1.0.0")
    world.in_review("1.1.0")
    world.sign(world.Release.objects.get(version="1.1.0"), "quinn")
    world.staged("1.2.0")
    world.draft("1.3.0")
    return {
        "version": ["1.0.0", "1.1.0", "1.2.0", "1.3.0"],
        "id": [row.pk for rows in (DeploymentRun, SignOff) for row in rows.objects.all()],
        "name": list(NAMES),
    }


@pytest.fixture(scope="module")
def everybody(known: Known) -> str:
    """The token of one person who holds every role, so that no call stops at the door."""
    person = cast.user("rita")
    for role in set(Role) - person.current_roles():
        grant_role(person, role, cast.SETUP)
    return cast.token_of("rita", *Scope.values)[1]


@CALLS.parametrize()
@pytest.mark.usefixtures("one_connection", "db")
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_call_ends_in_a_failure(case: schemathesis.Case, everybody: str, known: Known) -> None:
    for name, value in list(case.path_parameters.items()):
        choice = sum(map(ord, str(value))) % 8
        if choice and name in known:
            case.path_parameters[name] = known[name][choice % len(known[name])]
    headers = {name: value for name, value in (case.headers or {}).items() if name.lower() not in REPLACED}
    # schemathesis offers gzip by itself over WSGI, and does not unpack what it is then given
    case.headers = headers | {"Authorization": f"Bearer {everybody}", "Accept-Encoding": "identity"}
    response = case.call()
    assert response.status_code < 500, f"{case.as_curl_command()}\n{response.text}"
    described = WRITTEN["paths"][case.path].get(case.method.lower())
    promised = {*described["responses"], "404"} if described else {"405"}
    assert str(response.status_code) in promised, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]
        assert response.json()["detail"]
