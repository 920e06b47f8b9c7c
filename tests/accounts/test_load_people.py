"""The platform file's section `people`: brought to the file, once, with history."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from accounts import platform_file
from accounts.actors import system
from accounts.models import RoleHolding, SourceLogin, User
from accounts.roles import Role
from accounts.services.people import add_source_login, set_active
from accounts.services.roles import end_role, grant_role
from events.models import Event
from tests.cast import SETUP

pytestmark = pytest.mark.django_db
LOADER = system("command line")
RITA = {
    "login": "rita", "name": "Rita Okafor", "email": "rita@hmhp.example", "zone": "Europe/Berlin",
    "roles": ["release_manager"], "source_logins": {"github.com": "rita-gh"},
}  # fmt: skip
QUINN = {"login": "quinn", "roles": ["qa_lead"]}


def load(*people: dict[str, Any]) -> list[str]:
    document = {"people": list(people)}
    assert platform_file.check(document) == []
    sentences = platform_file.plan(document)
    platform_file.apply(document, actor=LOADER)
    assert platform_file.plan(document) == []
    return sentences


def roles_of(login: str) -> frozenset[Role]:
    return User.objects.get(username=login).current_roles()


def test_people_get_accounts_roles_and_source_logins_with_events() -> None:
    assert load(RITA) == [
        "people: @rita gets an account",
        "people: @rita becomes Release Manager",
        "people: rita-gh at github.com is @rita",
    ]
    rita = User.objects.get(username="rita")
    assert (rita.name, rita.time_zone, rita.current_roles()) == (
        "Rita Okafor",
        "Europe/Berlin",
        {Role.RELEASE_MANAGER},
    )
    kinds = list(Event.objects.filter(stream=rita.stream).values_list("kind", flat=True))
    assert kinds == ["person.added", "person.changed", "person.role_granted", "person.source_login_added"]


def test_loading_again_changes_and_records_nothing() -> None:
    load(RITA, QUINN)
    before = Event.objects.count()
    assert load(RITA, QUINN) == []
    assert Event.objects.count() == before


def test_who_left_the_file_keeps_the_account_and_loses_what_the_file_gave() -> None:
    load(RITA, QUINN)
    rita = User.objects.get(username="rita")
    grant_role(rita, Role.SUPPORT, SETUP)
    assert load(QUINN) == [
        "people: @rita is no longer Release Manager",
        "people: rita-gh at github.com is no longer @rita",
    ]
    assert rita.current_roles() == {Role.SUPPORT}
    assert RoleHolding.objects.filter(user=rita, role=Role.RELEASE_MANAGER).get().until is not None
    ended = Event.objects.get(stream=rita.stream, kind="person.role_ended")
    assert ended.reason == "no longer in the platform file"


def test_a_role_given_by_hand_that_the_file_names_is_the_files_from_then_on() -> None:
    load({**RITA, "roles": []})
    grant_role(User.objects.get(username="rita"), Role.RELEASE_MANAGER, SETUP)
    load(RITA)
    assert RoleHolding.objects.count() == 1
    load({**RITA, "roles": []})
    assert roles_of("rita") == frozenset()


def test_a_role_of_the_file_that_was_ended_by_hand_comes_back() -> None:
    load(RITA)
    end_role(User.objects.get(username="rita"), Role.RELEASE_MANAGER, SETUP)
    assert load(RITA) == ["people: @rita becomes Release Manager"]


def test_a_switched_off_account_stays_off() -> None:
    load(RITA)
    set_active(User.objects.get(username="rita"), active=False, actor=SETUP)
    load({**RITA, "roles": ["release_manager", "developer"]})
    assert roles_of("rita") == frozenset()


def test_source_logins_and_roles_move_between_people_in_one_loading() -> None:
    load(RITA, {**QUINN, "source_logins": {"github.com": "q"}})
    load(
        {**RITA, "source_logins": {"github.com": "q"}}, {**QUINN, "source_logins": {"github.com": "rita-gh"}}
    )
    assert SourceLogin.objects.get(login="q").user.username == "rita"
    assert SourceLogin.objects.get(login="rita-gh").user.username == "quinn"


def test_addresses_move_between_people_in_one_loading() -> None:
    load(RITA, {**QUINN, "email": "quinn@hmhp.example"})
    load({**RITA, "email": "quinn@hmhp.example"}, {**QUINN, "email": "rita@hmhp.example"})
    assert User.objects.get(username="rita").email == "quinn@hmhp.example"


@pytest.mark.parametrize(
    ("people", "path"),
    [
        ([RITA, RITA], "people[1].login"),
        ([RITA, {**QUINN, "email": "RITA@hmhp.example"}], "people[1].email"),
        ([RITA, {**QUINN, "source_logins": {"GitHub.com": "Rita-GH"}}], "people[1].source_logins.GitHub.com"),
        ([{**QUINN, "zone": "Mars/Olympus"}], "people[0].zone"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(people: list[dict[str, Any]], path: str) -> None:
    assert path in [problem.path for problem in platform_file.check({"people": people})]


def test_what_somebody_else_holds_by_hand_is_refused_with_its_path() -> None:
    load(QUINN)
    otto = User.objects.create_user("otto", "otto@hmhp.example")
    add_source_login(otto, host="github.com", login="rita-gh", actor=SETUP)
    paths = [p.path for p in platform_file.check({"people": [{**RITA, "email": "Otto@hmhp.example"}]})]
    assert paths == ["people[0].email", "people[0].source_logins.github.com"]


@pytest.mark.parametrize(
    "entry",
    [
        {"login": "Rita", "roles": []},
        {"login": "rita"},
        {"login": "rita", "roles": ["emperor"]},
        {"login": "rita", "roles": [], "email": "a b@c.d"},
        {"login": "rita", "roles": [], "password": "x"},
        {"login": "rita", "roles": "qa_lead"},
        "rita",
    ],
)
def test_the_schema_refuses_a_wrong_shape(entry: object) -> None:
    schema = platform_file.SECTIONS["people"]
    jsonschema.validate([RITA, QUINN], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([entry], schema)
