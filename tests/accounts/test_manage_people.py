"""The pages about people and tokens, as a browser without JavaScript uses them."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from accounts.roles import Role
from accounts.services.tokens import create_token
from tests.accounts.fixtures import Door
from tests.cast import Cast, actor


def text_of(client: Client, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_the_list_says_who_holds_what(cast: Cast, logged_in: Door) -> None:
    page = text_of(logged_in("dana"), "/people/")
    assert "10 people can log in, 1 of them holds no role." in page
    assert "Release Manager" in page
    assert "Add a person" not in page


def test_a_person_is_added_gets_a_role_and_loses_it(cast: Cast, logged_in: Door) -> None:
    adam = logged_in("adam")
    adam.post("/people/+/", {"login": "nora", "name": "Nora", "email": "", "time_zone": "UTC"})
    adam.post("/people/nora/roles/", {"role": "qa_lead", "reason": ""})
    nora = User.objects.get(username="nora")
    assert nora.current_roles() == {Role.QA_LEAD}
    assert "is QA Lead" in text_of(adam, "/people/nora/")
    assert "no longer QA Lead" in text_of(adam, "/people/nora/roles/qa_lead/end/")
    adam.post("/people/nora/roles/qa_lead/end/", {"reason": "moved"})
    assert nora.current_roles() == frozenset()
    assert "moved" in text_of(adam, "/people/nora/")


def test_known_facts_source_logins_and_the_account_itself_are_changed(cast: Cast, logged_in: Door) -> None:
    adam = logged_in("adam")
    adam.post("/people/otto/", {"name": "Otto X", "email": "o@hmhp.example", "time_zone": "Europe/Rome"})
    adam.post("/people/otto/source-logins/", {"host": "git.example", "login": "ox"})
    tie = cast.otto.source_logins.get(login="otto-gh")
    adam.post(f"/people/otto/source-logins/{tie.pk}/untie/")
    adam.post("/people/otto/off/", {"reason": "left"})
    otto = User.objects.get(username="otto")
    assert (otto.name, otto.time_zone, otto.is_active) == ("Otto X", "Europe/Rome", False)
    assert [str(login) for login in otto.source_logins.all()] == ["ox at git.example"]
    adam.post("/people/otto/on/", {"reason": "back"})
    assert User.objects.get(username="otto").is_active


def test_a_one_time_link_is_shown_on_its_answer_only(cast: Cast, logged_in: Door) -> None:
    adam = logged_in("adam")
    answer = adam.post("/people/otto/link/")
    link = re.search(r"/account/link/[^<\"]+", answer.content.decode())
    assert link is not None
    assert link.group() not in text_of(adam, "/people/otto/")
    assert Client().get(link.group()).status_code == 200


ACTS = [
    "+/",
    "otto/roles/",
    "otto/off/",
    "otto/on/",
    "otto/source-logins/",
    "otto/link/",
    "rita/roles/release_manager/end/",
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", ["rita", "audrey", "otto"])
def test_nobody_but_an_administrator_acts_on_people(cast: Cast, logged_in: Door, name: str, act: str) -> None:
    client = logged_in(name)
    data = {"role": "qa_lead", "reason": "x", "login": "nora", "host": "h.example", "time_zone": "UTC"}
    assert client.get(f"/people/{act}").status_code == 403
    assert client.post(f"/people/{act}", data).status_code == 403
    assert cast.otto.current_roles() == frozenset()


def test_stakeholders_and_people_without_a_role_do_not_read_the_list(cast: Cast, logged_in: Door) -> None:
    for name in ("stan", "otto"):
        assert logged_in(name).get("/people/").status_code == 403
    assert Client().get("/people/").headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize(
    ("page", "data", "status"),
    [
        ("/people/nobody/", {}, 404),
        ("/people/otto/roles/", {"role": "emperor"}, 400),
        ("/people/otto/roles/emperor/end/", {"reason": "x"}, 404),
        ("/people/otto/off/", {}, 400),
        ("/people/adam/off/", {"reason": "x"}, 409),
        ("/people/+/", {"login": "rita", "time_zone": "UTC"}, 409),
        ("/people/+/", {"login": "A B", "time_zone": "Nowhere"}, 400),
        ("/people/otto/source-logins/", {"host": "github.com", "login": "rita-gh"}, 409),
        ("/people/otto/source-logins/999999/untie/", {}, 404),
        ("/people/otto/", {"name": "x" * 500, "time_zone": "UTC"}, 400),
        ("/account/tokens/00000000-0000-0000-0000-000000000000/revoke/", {"reason": "x"}, 404),
    ],
)
def test_bad_input_changes_nothing(
    cast: Cast, logged_in: Door, page: str, data: dict[str, str], status: int
) -> None:
    assert logged_in("adam").post(page, data).status_code == status
    assert User.objects.count() == 10


def test_another_sites_form_is_refused(cast: Cast, logged_in: Door) -> None:
    adam = logged_in("adam", enforce_csrf_checks=True)
    assert adam.post("/people/otto/roles/", {"role": "qa_lead"}).status_code == 403
    assert cast.otto.current_roles() == frozenset()


def test_a_token_is_made_shown_once_and_revoked(cast: Cast, logged_in: Door) -> None:
    rita = logged_in("rita")
    data = {"for": "me", "name": "laptop", "scopes": ["read", "sign"], "environments": "", "days": "30"}
    answer = rita.post("/account/tokens/", data)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    token = ApiToken.objects.get(owner=cast.rita)
    assert f"hmhp_{token.prefix}_" in answer.content.decode()
    text = re.search(rf"hmhp_{token.prefix}_[\w-]+", answer.content.decode())
    assert text is not None
    assert text.group() not in text_of(rita, "/account/tokens/")
    rita.post(f"/account/tokens/{token.public_id}/revoke/", {"reason": "lost"})
    assert "revoked" in text_of(rita, "/account/tokens/")


def test_service_tokens_are_for_administrators_and_without_sign(cast: Cast, logged_in: Door) -> None:
    data = {"for": "service", "service-name": "ci", "service-scopes": ["release"], "service-days": "30"}
    assert logged_in("devon").post("/account/tokens/", data).status_code == 403
    assert logged_in("adam").post("/account/tokens/", data).status_code == 201
    assert ApiToken.objects.get().owner is None
    assert logged_in("adam").post("/account/tokens/", data | {"service-scopes": ["sign"]}).status_code == 400


def test_somebody_elses_token_does_not_exist_for_others(cast: Cast, logged_in: Door) -> None:
    token, _ = create_token(name="ci", scopes=["read"], actor=actor("rita"), owner=cast.rita)
    page = f"/account/tokens/{token.public_id}/revoke/"
    assert logged_in("devon").get(page).status_code == 404
    assert logged_in("devon").post(page, {"reason": "x"}).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_settings_are_saved_for_everybody(cast: Cast, logged_in: Door) -> None:
    otto = logged_in("otto")
    assert "without a role" in text_of(otto, "/account/settings/")
    otto.post("/account/settings/", {"time_zone": "Asia/Tokyo", "theme": "dark"})
    assert User.objects.get(username="otto").time_zone == "Asia/Tokyo"
    assert otto.post("/account/settings/", {"time_zone": "X", "theme": "dark"}).status_code == 400


@pytest.mark.parametrize(("name", "status"), [("adam", 200), ("audrey", 200), ("rita", 302), ("otto", 302)])
def test_the_admin_is_read_only_and_for_who_looks_after_or_audits(
    cast: Cast, logged_in: Door, name: str, status: int
) -> None:
    client = logged_in(name)
    assert client.get("/admin/accounts/apitoken/").status_code == status
    if status == 200:
        assert client.get("/admin/accounts/user/add/").status_code == 403
        page = f"/admin/accounts/user/{cast.rita.pk}/change/"
        assert cast.rita.password not in text_of(client, page)
        assert client.post(page, {"username": "x"}).status_code == 403
        assert client.get("/admin/events/event/").status_code == 200


def test_names_with_markup_are_shown_as_text(cast: Cast, logged_in: Door) -> None:
    evil = "<script>alert(1)</script>"
    logged_in("adam").post("/people/otto/", {"name": evil, "email": "", "time_zone": "UTC"})
    assert evil not in text_of(logged_in("rita"), "/people/")
    assert evil not in text_of(logged_in("rita"), "/people/otto/")
