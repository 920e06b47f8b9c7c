"""Refused acts are on the record: apart from what was refused, without secrets, in bounded numbers."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.services import refusals
from events import clock
from events.models import Event
from tests.accounts.fixtures import Door, give_factor
from tests.approvals.policies import load, rule, waiting
from tests.cast import make_cast, user

pytestmark = pytest.mark.django_db
KIND = "refusal.recorded"


def refused() -> list[Event]:
    return list(Event.objects.filter(kind=KIND).order_by("id"))


def post(client: Client, path: str, **body: object) -> int:
    return client.post(path, json.dumps(body), content_type="application/json").status_code


def test_a_refused_call_of_the_api_is_recorded_without_its_input(cast, client: Client) -> None:  # type: ignore[no-untyped-def]
    client.force_login(cast.otto)
    assert post(client, "/api/v1/legal-holds/", reason="a secret of otto") == 403
    (event,) = refused()
    assert (event.actor, event.data["type"], event.data["status"]) == (cast.otto.actor_id, "not-allowed", 403)
    assert event.data["act"] == "POST /api/v1/legal-holds/"
    assert "may not place and lift legal holds" in event.reason
    assert "secret" not in repr((event.reason, event.data))
    assert "otto" not in event.reason


def test_a_refused_page_and_wrong_input_of_it_are_recorded(cast, client: Client) -> None:  # type: ignore[no-untyped-def]
    client.force_login(cast.dana)
    assert client.post("/audit/holds/place/", {"reason": "x"}).status_code == 403
    client.force_login(cast.sasha)
    assert client.post("/audit/holds/place/", {"reason": ""}).status_code == 400
    assert [event.data["type"] for event in refused()] == ["not-allowed", "invalid"]
    assert refused()[1].data["fields"] == ["reason"]


def test_reading_what_is_not_there_is_no_refusal_but_an_act_by_get_is(cast, client: Client) -> None:  # type: ignore[no-untyped-def]
    client.force_login(cast.rita)
    assert client.get("/api/v1/releases/0.0.0/").status_code == 404
    assert client.get("/releases/0.0.0/").status_code == 404
    assert refused() == []
    assert client.get("/api/v1/releases/0.0.0/submit/").status_code == 405
    assert [event.data["status"] for event in refused()] == [405]


def test_a_token_that_is_none_and_a_login_that_is_nobodys_are_recorded_without_them(client: Client) -> None:
    client.post("/api/v1/releases/", HTTP_AUTHORIZATION="Bearer hmhp_deadbeef_" + "x" * 43)
    client.post("/account/login/", {"login": "my-password-by-mistake", "password": "y"})
    assert [event.actor for event in refused()] == ["nobody", "nobody"]
    assert "mistake" not in repr([(e.reason, e.data) for e in refused()])
    assert "deadbeef" not in repr([(e.reason, e.data) for e in refused()])


def test_a_flood_is_counted_and_not_written(  # type: ignore[no-untyped-def]
    cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    within_one_minute = clock.now()
    monkeypatch.setattr(clock, "now", lambda: within_one_minute)
    client.force_login(cast.otto)
    for _ in range(refusals.AN_ACTOR_A_MINUTE + 5):
        assert post(client, "/api/v1/legal-holds/", reason="x") == 403
    assert len(refused()) <= refusals.AN_ACTOR_A_MINUTE + 1
    client.force_login(cast.dana)
    post(client, "/api/v1/legal-holds/", reason="x")
    assert refused()[-1].data["unrecorded_before"] >= 4


def test_a_forged_form_is_recorded(logged_in: Door) -> None:
    client = logged_in("rita", enforce_csrf_checks=True)
    answer = client.post("/audit/holds/place/", {"reason": "a secret"})
    assert answer.status_code == 403
    assert "too old to be sent" in answer.content.decode()
    (event,) = refused()
    assert (event.actor, event.data["type"]) == (user("rita").actor_id, "csrf")
    assert "secret" not in repr((event.reason, event.data))


def test_what_is_posted_to_the_admin_is_recorded(logged_in: Door) -> None:
    client, rita = logged_in("rita"), user("rita")
    client.post(f"/admin/accounts/user/{rita.pk}/change/", {"username": "root"})
    client.get("/admin/accounts/user/")
    (event,) = refused()
    assert (event.actor, event.data["type"]) == (rita.actor_id, "not-allowed")
    assert event.data["act"].startswith("POST /admin/accounts/user/")


def test_an_act_that_waits_for_a_factor_is_recorded(logged_in: Door) -> None:
    make_cast()
    load(rule("production", "release_manager"))
    load(rule("production", "qa_lead"))
    client = logged_in("sasha")
    give_factor(client, "sasha", minutes_ago=6)
    body = {"role": "security_officer", "answer": "go", "remark": "", "seal": waiting().digest}
    assert client.post("/policy/sign/", body).status_code == 302
    (event,) = refused()
    assert (event.data["type"], event.data["act"]) == ("factor-needed", "POST /policy/sign/")
    assert not waiting().gate.signoffs.exists()


@pytest.mark.parametrize("path", ["/account/settings/", "/account/tokens/", "/people/+/"])
def test_wrong_input_of_an_account_page_is_recorded(path: str, logged_in: Door) -> None:
    assert logged_in("adam").post(path, {}).status_code == 400
    (event,) = refused()
    assert (event.actor, event.data["type"]) == (user("adam").actor_id, "invalid")
    assert event.data["fields"]
