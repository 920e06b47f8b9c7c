"""Accounts: what is asked of a new one, who a login belongs to, one's own settings."""

from __future__ import annotations

import pytest

from accounts import queries
from accounts.actors import NOBODY
from accounts.errors import AlreadyThere, UnknownPerson
from accounts.models import User
from accounts.roles import Role
from accounts.services import people
from events.errors import Invalid, NotAllowed
from events.models import Event
from tests.cast import Cast, actor


def test_a_new_account_has_no_role_and_no_password(cast: Cast) -> None:
    nora = people.add_person(login="nora", name="Nora", email="Nora@hmhp.example", actor=actor("adam"))
    assert nora.current_roles() == frozenset()
    assert not nora.has_usable_password()
    assert Event.objects.get(stream=nora.stream).kind == "person.added"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"login": "No Spaces"}, "login"),
        ({"login": "x" * 41}, "login"),
        ({"login": ""}, "login"),
        ({"login": "nora\x00"}, "login"),
        ({"login": "nora", "email": "nobody"}, "email"),
        ({"login": "nora", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"login": "nora", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"login": "nora", "name": "n" * 121}, "name"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(cast: Cast, wrong: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        people.add_person(**wrong, actor=actor("adam"))  # type: ignore[arg-type]
    assert field in refusal.value.fields
    assert User.objects.count() == 10


@pytest.mark.parametrize(("login", "email"), [("rita", ""), ("nora", "RITA@hmhp.example")])
def test_a_login_or_address_is_one_persons(cast: Cast, login: str, email: str) -> None:
    with pytest.raises(AlreadyThere):
        people.add_person(login=login, email=email, actor=actor("adam"))


def test_a_source_login_belongs_to_one_person_whatever_its_case(cast: Cast) -> None:
    assert queries.user_by_source_login("GitHub.com", "DANA-GH") == cast.dana
    with pytest.raises(AlreadyThere, match="@dana"):
        people.add_source_login(cast.otto, host="github.com", login="Dana-GH", actor=actor("adam"))
    people.remove_source_login(cast.dana, host="github.com", login="dana-gh", actor=actor("adam"))
    assert queries.user_by_source_login("github.com", "dana-gh") is None
    with pytest.raises(UnknownPerson):
        people.remove_source_login(cast.dana, host="github.com", login="dana-gh", actor=actor("adam"))


def test_everybody_changes_their_own_settings_and_nobody_elses(cast: Cast) -> None:
    people.change_own_settings(actor=actor("otto"), time_zone="Europe/Rome", theme="dark")
    otto = User.objects.get(username="otto")
    assert (otto.time_zone, otto.theme) == ("Europe/Rome", "dark")
    with pytest.raises(Invalid):
        people.change_own_settings(actor=actor("otto"), time_zone="Nowhere", theme="dark")
    with pytest.raises(Invalid):
        people.change_own_settings(actor=actor("otto"), time_zone="UTC", theme="pink")
    with pytest.raises(NotAllowed):
        people.change_own_settings(actor=NOBODY, time_zone="UTC", theme="dark")


def test_names_are_found_for_every_kind_of_actor_in_two_queries(
    cast: Cast, django_assert_num_queries: object
) -> None:
    ids = [
        cast.rita.actor_id,
        cast.adam.actor_id,
        "system:engine",
        "service:00000000-0000-0000-0000-000000000000",
    ]
    with django_assert_num_queries(2):  # type: ignore[operator]
        names = queries.labels([*ids, "person:rubbish"])
    assert [names[i] for i in ids[:3]] == ["rita", "adam", "the engine"]
    assert names[ids[3]] == ids[3]


def test_holders_are_active_people_who_hold_the_role_now(cast: Cast) -> None:
    assert queries.holders(Role.QA_LEAD) == [cast.quinn]
    people.set_active(cast.quinn, active=False, actor=actor("adam"))
    assert queries.holders(Role.QA_LEAD) == []
    assert queries.user_of(cast.quinn.actor_id) == cast.quinn
    assert queries.user_of("system:engine") is None
