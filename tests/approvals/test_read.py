"""What a gate waits for and from whom, and the permission class of the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.roles import Role
from accounts.services.roles import grant_role
from approvals import queries
from approvals.policy import Action
from approvals.services.gates import void
from tests.approvals.gates import production_gate, say
from tests.cast import SETUP, actor, token_of, user

pytestmark = pytest.mark.django_db


def test_standing_names_who_can_sign_and_leaves_authors_out() -> None:
    for name in ("rita", "quinn", "sasha", "dana"):
        user(name)
    grant_role(user("dana"), Role.QA_LEAD, SETUP)
    gate = production_gate(barred={user("quinn").actor_id: "Quinn wrote part of it."})
    say(gate, "rita")
    rows = queries.standing(gate)
    assert [(row.role, row.state, row.who_can) for row in rows] == [
        (Role.RELEASE_MANAGER, "signed", ()),
        (Role.QA_LEAD, "waiting", ("dana",)),
        (Role.SECURITY_OFFICER, "waiting", ("sasha",)),
    ]


def test_veto_and_void_show_as_what_they_are() -> None:
    vetoed, ended = production_gate(), production_gate(version="2026.12.0")
    say(vetoed, "quinn", "no_go", remark="Login fails.")
    say(ended, "quinn")
    void(ended.pk, reason="The content changed.", actor=SETUP)
    assert [row.state for row in queries.standing(vetoed)] == ["waiting", "veto", "waiting"]
    rows = queries.standing(ended)
    assert [(row.state, len(row.signoffs)) for row in rows] == [("void", 0), ("void", 1), ("void", 0)]


def test_waiting_for_lists_what_a_person_can_sign_now() -> None:
    first, second = production_gate(), production_gate(version="2026.12.0")
    assert [gate.pk for gate, _ in queries.waiting_for(actor("quinn"))] == [first.pk, second.pk]
    say(first, "quinn")
    assert [gate.pk for gate, _ in queries.waiting_for(actor("quinn"))] == [second.pk]
    assert queries.waiting_for(actor("devon")) == []


def test_number_of_queries_does_not_grow_with_the_gates() -> None:
    gates = [production_gate(version=f"2026.{n}.0") for n in range(8)]
    counts = []
    for asked in (gates[:1], gates):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            queries.standings(asked)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


class Door(APIView):
    """A view that declares what GET needs and forgets POST."""

    policy_actions = {"GET": Action.READ_AUDIT}

    def get(self, request: Any) -> Response:
        return Response({"in": True})

    post = get


def ask(method: str, bearer: str = "") -> Response:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    request = RequestFactory().generic(method, "/", headers=headers)
    response: Response = Door.as_view()(request)
    return response


def test_api_asks_the_table() -> None:
    assert ask("GET").status_code == 401
    assert ask("GET", token_of("rita", "read")[1]).status_code == 200
    refused = ask("GET", token_of("dana", "read")[1])
    assert refused.status_code == 403
    assert "dana may not read the audit trail" in str(refused.data)


def test_method_that_declares_nothing_is_closed() -> None:
    assert ask("POST", token_of("rita", "read", "release", "sign")[1]).status_code == 403
