"""An act whose factor is too old waits, the factor is asked for, and the act goes on."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from accounts.services.factors import next_code
from approvals.models import SignOff
from releases.models import Release
from releases.services import edit, signing
from tests.accounts.fixtures import Door, give_factor
from tests.cast import PASSWORD, actor, app_of, user
from tests.releases import world

STEP_UP, FACTORS = "/account/step-up/", "/account/factors/"


@pytest.fixture
def release(db: None) -> Release:
    world.build()
    return world.in_review()


@pytest.fixture
def quinn(release: Release, logged_in: Door) -> Client:
    """Quinn, whose factor is ten minutes old."""
    client = logged_in("quinn")
    give_factor(client, "quinn", minutes_ago=10)
    return client


def sign(client: Client, release: Release, **more: Any) -> Any:
    form = {"role": "qa_lead", "answer": "go", "seal": release.seal, "remark": "Looked.\nAll of it.", **more}
    return client.post(f"/releases/{release.version}/sign/", form)


def test_signature_waits_for_a_fresh_factor_and_then_is_given(quinn: Client, release: Release) -> None:
    assert sign(quinn, release).url == STEP_UP
    assert not SignOff.objects.exists()
    page = quinn.get(STEP_UP).content.decode()
    assert f"To sign {release.version}" in page
    assert "data-demo-code" not in page
    done = quinn.post(STEP_UP, {"code": next_code(user("quinn"))})
    assert done.url == f"/releases/{release.version}/go/"
    given = SignOff.objects.get()
    assert (given.remark, given.factors["factor"]) == ("Looked.\nAll of it.", "totp")


def test_wrong_code_signs_nothing_and_the_act_waits_on(quinn: Client, release: Release) -> None:
    sign(quinn, release)
    again = quinn.post(STEP_UP, {"code": "000000"})
    assert again.status_code == 400
    assert "wrong or too old" in again.content.decode()
    assert not SignOff.objects.exists()
    quinn.post(STEP_UP, {"code": next_code(user("quinn"))})
    assert SignOff.objects.count() == 1


def test_not_now_lets_go_of_the_act(quinn: Client, release: Release) -> None:
    sign(quinn, release)
    assert quinn.post(STEP_UP, {"cancel": "1"}).status_code == 302
    quinn.post(STEP_UP, {"code": next_code(user("quinn"))})
    assert not SignOff.objects.exists()


def test_code_of_the_page_does_not_sign_by_token_too(quinn: Client, release: Release) -> None:
    from tests.api.caller import Caller

    sign(quinn, release)
    code = next_code(user("quinn"))
    quinn.post(STEP_UP, {"code": code})
    body = {"role": "qa_lead", "answer": "go", "seal": release.seal}
    signing.withdraw(release.version, SignOff.objects.get().pk, actor=actor("quinn"), reason="Too early")
    path = f"releases/{release.version}/sign-offs/"
    problem = Caller("quinn").no(403, "post", path, body, portal_one_time_code=str(code))
    assert "used already" in problem["detail"]


def test_what_waits_is_judged_again(quinn: Client, release: Release) -> None:
    sign(quinn, release)
    name, entry = next(iter(world.whole("b").items()))
    edit.put_component(release.version, name, actor=actor("devon"), entry=entry)
    answer = quinn.post(STEP_UP, {"code": next_code(user("quinn"))})
    assert answer.status_code == 409
    assert not SignOff.objects.exists()


def test_fresh_factor_signs_at_once(release: Release, logged_in: Door) -> None:
    assert sign(logged_in("quinn"), release).url == f"/releases/{release.version}/go/"


@pytest.mark.django_db(transaction=True)
def test_person_without_a_factor_is_led_to_one_and_then_signs(release: Release) -> None:
    client = Client()
    client.force_login(with_password("quinn"))
    assert sign(client, release).url == FACTORS
    assert f"To sign {release.version}" in client.get(FACTORS).content.decode()
    add = "/account/factors/app/add/"
    asked = client.get(add)
    assert asked.url.startswith("/account/reauthenticate/")
    client.post(asked.url, {"password": PASSWORD})
    page = client.get(add)
    secret = page.context["form"].secret
    assert "<svg" in page.content.decode()
    assert "data:" not in page.content.decode()
    done = client.post(add, {"code": _code(secret)})
    codes = client.get(done.url).content.decode()
    assert codes.count('<code class="code">') == 10
    client.post(STEP_UP, {"go_on": "1"})
    assert SignOff.objects.get().factors["factor"] == "totp"


def test_password_alone_changes_no_factors(quinn: Client) -> None:
    for path in ("app/remove/", "keys/add/", "codes/new/"):
        for method in (quinn.get, quinn.post):
            assert method(FACTORS + path).url == STEP_UP
    assert Authenticator.objects.filter(user=user("quinn")).count() == 1


def test_administrator_reads_no_factor(logged_in: Door) -> None:
    app = app_of("quinn")
    page = logged_in("adam").get(f"/admin/mfa/authenticator/{app.pk}/change/")
    assert page.status_code == 200
    assert app.data["secret"][:20] not in page.content.decode()


def test_administrator_resets_factors_and_the_person_logs_in_without(logged_in: Door) -> None:
    app_of("quinn")
    done = logged_in("adam").post("/people/quinn/factors/reset/", {"reason": "Lost the phone"})
    assert done.url == "/people/quinn/"
    assert not Authenticator.objects.filter(user=user("quinn")).exists()


def test_log_in_asks_for_the_factor_and_takes_a_code_once(release: Release) -> None:
    app_of(with_password("quinn").handle)
    client, other = Client(), Client()
    form = {"login": "quinn", "password": PASSWORD}
    code = None
    for who in (client, other):
        assert who.post("/account/login/", form).url == "/account/2fa/authenticate/"
        assert who.get("/").status_code == 302
        code = code or next_code(user("quinn"))
        answer = who.post("/account/2fa/authenticate/", {"code": code})
        assert answer.status_code == (302 if who is client else 200)
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert sign(client, release).url == f"/releases/{release.version}/go/"


def with_password(name: str) -> User:
    person = user(name)
    person.set_password(PASSWORD)
    person.save()
    return person


def _code(secret: str) -> str:
    from accounts.totp import code_at, present_step

    return code_at(secret, present_step())
