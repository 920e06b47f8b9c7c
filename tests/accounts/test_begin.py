"""One-time links: the first Administrator, and a person's password."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from accounts.errors import AlreadyThere, LinkNotValid
from accounts.models import User
from accounts.roles import Role
from accounts.services import links, people
from accounts.services.roles import end_role
from events import clock
from events.errors import Invalid, NotAllowed, PortalError, WrongState
from events.models import Event
from tests.cast import PASSWORD, SETUP, Cast, actor, user

pytestmark = pytest.mark.django_db


def token_in(link: str) -> str:
    return urlsplit(link).path.rstrip("/").rpartition("/")[2]


def test_the_link_makes_the_first_administrator_who_then_logs_in() -> None:
    page = urlsplit(people.first_administrator_link()).path
    client = Client()
    assert "first Administrator" in client.get(page).content.decode()
    client.post(page, {"login": "ada", "password": PASSWORD, "again": PASSWORD})
    assert User.objects.get(username="ada").current_roles() == {Role.ADMINISTRATOR}
    answer = client.post("/account/login/", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/people/").status_code == 200


def test_the_link_works_once() -> None:
    token = token_in(people.first_administrator_link())
    links.begin_administration(token, login="ada", password=PASSWORD)
    with pytest.raises(LinkNotValid, match="used already"):
        links.begin_administration(token, login="eve", password=PASSWORD)
    assert Client().get(f"/account/first/{token}/").status_code == 400
    with pytest.raises(WrongState, match="@ada"):
        people.first_administrator_link()


def begin(token: str, login: str) -> bool:
    try:
        links.begin_administration(token, login=login, password=PASSWORD)
    except PortalError:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_the_link_at_the_same_time_one_begins() -> None:
    token = token_in(people.first_administrator_link())
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, [token, token], ["ada", "eve"])) == [False, True]
    assert User.objects.count() == 1


def test_the_link_holds_for_a_day() -> None:
    token = token_in(people.first_administrator_link())
    with clock.at(clock.now() + timedelta(hours=23, minutes=59)):
        links.check_first_link(token)
    with clock.at(clock.now() + timedelta(hours=24, seconds=1)), pytest.raises(LinkNotValid, match="a day"):
        links.check_first_link(token)


def test_a_used_link_stays_used_when_the_administrator_is_gone_again() -> None:
    token = token_in(people.first_administrator_link())
    ada = links.begin_administration(token, login="ada", password=PASSWORD)
    end_role(ada, Role.ADMINISTRATOR, SETUP, from_file=True)
    with pytest.raises(LinkNotValid):
        links.check_first_link(token)
    assert people.first_administrator_link()


@pytest.mark.parametrize("token", ["x", "a:b:c", "\x00"])
def test_a_forged_link_is_refused(token: str) -> None:
    with pytest.raises(LinkNotValid):
        links.check_first_link(token)
    with pytest.raises(LinkNotValid):
        links.owner_of_password_link(token)


def test_one_kind_of_link_is_not_the_other(cast: Cast) -> None:
    link = links.password_link(cast.otto, actor=actor("adam"))
    with pytest.raises(LinkNotValid):
        links.check_first_link(token_in(link))


@pytest.mark.parametrize(
    ("login", "password"), [("Ada L", PASSWORD), ("ada", "short"), ("ada", "password1234")]
)
def test_a_bad_login_or_password_makes_nobody_and_keeps_the_link(login: str, password: str) -> None:
    token = token_in(people.first_administrator_link())
    with pytest.raises(Invalid):
        links.begin_administration(token, login=login, password=password)
    assert not User.objects.exists()
    links.check_first_link(token)


def test_a_login_in_use_is_not_taken_over() -> None:
    user("rita")
    with pytest.raises(AlreadyThere):
        links.begin_administration(
            token_in(people.first_administrator_link()), login="rita", password=PASSWORD
        )
    assert user("rita").current_roles() == {Role.RELEASE_MANAGER}


def test_a_person_sets_a_password_by_link_once_and_old_sessions_end(cast: Cast) -> None:
    session = Client()
    session.force_login(cast.otto)
    page = urlsplit(links.password_link(cast.otto, actor=actor("adam"))).path
    new = {"password": "another-tide-table", "again": "another-tide-table"}
    assert Client().post(page, {**new, "again": "x"}).status_code == 400
    assert Client().post(page, new).status_code == 302
    assert Client().post(page, new).status_code == 400
    assert session.get("/account/settings/").status_code == 302
    assert User.objects.get(pk=cast.otto.pk).check_password("another-tide-table")
    kinds = Event.objects.filter(stream=cast.otto.stream).values_list("kind", flat=True)
    assert {"person.password_link_made", "person.password_set"} <= set(kinds)


def test_only_an_administrator_makes_password_links(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        links.password_link(cast.adam, actor=actor("rita"))


def test_known_passwords_are_for_a_demo_alone(cast: Cast, settings: object) -> None:
    people.set_demo_password(cast.otto, "demo", SETUP)
    assert User.objects.get(pk=cast.otto.pk).check_password("demo")
    settings.PORTAL_MODE = "production"  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed, match="demo"):
        people.set_demo_password(cast.otto, "other", SETUP)
