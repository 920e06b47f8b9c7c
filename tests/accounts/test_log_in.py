"""Logging in, by login or address; what is closed; what losing an account does to a session."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from accounts.services.people import set_active
from events.models import Event
from tests.accounts.fixtures import Door
from tests.cast import PASSWORD, SETUP, Cast

LOGIN = "/account/login/"


def log_in(name: str, password: str = PASSWORD) -> Client:
    client = Client()
    client.post(LOGIN, {"login": name, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/settings/").status_code == 200


@pytest.mark.parametrize("name", ["rita", "RITA", "rita@hmhp.example", "Rita@HMHP.example"])
def test_login_and_address_both_open_the_door(cast: Cast, name: str) -> None:
    assert is_in(log_in(name))
    assert Event.objects.filter(stream=cast.rita.stream, kind="person.logged_in").count() == 1


@pytest.mark.parametrize(
    ("name", "password"), [("rita", "wrong"), ("nobody", PASSWORD), ("", ""), ("rita\x00", PASSWORD)]
)
def test_a_wrong_name_or_password_does_not(cast: Cast, name: str, password: str) -> None:
    assert not is_in(log_in(name, password))


def test_a_failed_attempt_at_an_account_is_on_its_record_without_the_password(cast: Cast) -> None:
    log_in("rita", "my-other-password")
    event = Event.objects.get(kind="person.login_failed")
    assert event.stream == cast.rita.stream
    assert "my-other-password" not in repr(list(Event.objects.values()))


def test_after_five_wrong_passwords_the_right_one_waits_too(cast: Cast) -> None:
    client = Client()
    for _ in range(5):
        client.post(LOGIN, {"login": "rita", "password": "wrong"})
    answer = client.post(LOGIN, {"login": "rita", "password": PASSWORD})
    assert "Too many failed login attempts" in answer.content.decode()
    assert not is_in(client)


def test_a_person_without_a_password_cannot_log_in(cast: Cast) -> None:
    nora = User.objects.create_user("nora")
    assert not is_in(log_in("nora", ""))
    assert not is_in(log_in("nora", nora.password))


def test_an_account_that_is_switched_off_is_out_at_once_and_stays_out(cast: Cast) -> None:
    rita = log_in("rita")
    set_active(cast.rita, active=False, actor=SETUP)
    assert not is_in(rita)
    assert not is_in(log_in("rita"))


@pytest.mark.parametrize("page", ["signup/", "email/", "password/reset/", "password/set/", "confirm-email/"])
def test_sign_up_and_changing_who_one_is_are_closed(logged_in: Door, page: str) -> None:
    assert Client().get(f"/account/{page}").status_code == 404
    answer = logged_in("rita").post(f"/account/{page}", {"username": "x", "email": "x@y.example"})
    assert answer.status_code == 404


def test_the_login_does_not_send_people_to_other_sites(cast: Cast) -> None:
    answer = Client().post(f"{LOGIN}?next=https://evil.example/", {"login": "rita", "password": PASSWORD})
    assert answer.headers["Location"] == "/"


def test_logging_out_is_a_post_and_on_the_record(cast: Cast) -> None:
    rita = log_in("rita")
    assert rita.get("/account/logout/").status_code == 200
    assert is_in(rita)
    rita.post("/account/logout/")
    assert not is_in(rita)
    assert Event.objects.filter(stream=cast.rita.stream, kind="person.logged_out").exists()


def test_a_changed_password_is_on_the_record(cast: Cast) -> None:
    rita = log_in("rita")
    assert rita.get("/account/password/change/").status_code == 200
    new = "low-water-neap-tide"
    rita.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_in(log_in("rita", new))
    assert Event.objects.filter(stream=cast.rita.stream, kind="person.password_set").exists()
