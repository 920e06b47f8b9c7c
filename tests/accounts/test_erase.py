"""Erasing a person removes every name and leaves the chain whole (GDPR 17)."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.actors import system
from accounts.errors import LastAdministrator
from accounts.models import ApiToken, KeptApart, User
from accounts.roles import Role
from accounts.services.erasing import erase_person
from accounts.services.people import add_person, add_source_login, change_person, grant_role
from accounts.services.tokens import create_token
from events.errors import Invalid, NotAllowed
from events.models import Event
from events.names import shown, shown_in
from events.services import record
from events.verification import verify

pytestmark = pytest.mark.django_db
COMMAND_LINE = system("command line")


def nora() -> User:
    person = add_person(
        login="nora.klein", name="Nora Klein", email="nora@klinik.example", actor=COMMAND_LINE
    )
    add_source_login(person, host="github.com", login="nklein", actor=COMMAND_LINE)
    change_person(person, name="Nora Klein-Hof", actor=COMMAND_LINE)
    create_token(name="laptop of nora", scopes=["read"], actor=COMMAND_LINE, owner=person)
    record("release/1", "gate.rejected", person.actor_id, reason="nora.klein said no-go: ask Nora Klein-Hof.",
           data={"sentence": "@nora.klein, nora@klinik.example", "seal": "nora.klein"})  # fmt: skip
    return User.objects.get(pk=person.pk)


def everything_recorded() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM events_event e WHERE kind <> 'gate.rejected'")
        return str(cursor.fetchone()[0]).lower()


def test_no_event_holds_a_name_an_address_or_a_source_login() -> None:
    nora()
    told = everything_recorded()
    for name in ("klein", "nora@", "nklein"):
        assert name not in told
    rejected = Event.objects.get(kind="gate.rejected")
    assert "klein" not in rejected.reason.lower() + rejected.data["sentence"]
    assert rejected.data["seal"] == "nora.klein"  # what is no sentence is data and is never rewritten


def test_readers_see_the_names_until_the_person_is_erased() -> None:
    person = nora()
    rejected = Event.objects.get(kind="gate.rejected")
    added = Event.objects.get(kind="person.added")
    assert shown(rejected.reason) == "nora.klein said no-go: ask nora.klein."
    assert shown_in(added.after)["email"] == "nora@klinik.example"
    before = verify()
    erase_person(person, actor=COMMAND_LINE, reason="asked for by letter")
    assert "klein" not in shown(rejected.reason).lower()
    assert shown_in(added.after)["email"] == "(erased)"
    assert (verify().problem, verify().events) == ("", before.events + 1)


def test_nothing_but_the_id_is_left_of_an_erased_person() -> None:
    person = nora()
    call_command("erase_person", "nora.klein", reason="asked for by letter")
    left = User.objects.get(pk=person.pk)
    assert (left.display_name, left.email, left.is_active) == ("", "", False)
    assert not left.source_logins.exists()
    assert not KeptApart.objects.filter(person=left).exists()
    assert "nora" not in left.username
    assert not left.has_usable_password()
    assert ApiToken.objects.get(owner=left).name == "erased"
    assert left.public_id == person.public_id


def test_erasing_needs_the_right_a_reason_and_somebody_left_to_look_after_people(cast) -> None:  # type: ignore[no-untyped-def]
    person = nora()
    from accounts.actors import person as acting

    with pytest.raises(NotAllowed):
        erase_person(person, actor=acting(cast.dana), reason="x")
    with pytest.raises(Invalid):
        erase_person(person, actor=COMMAND_LINE, reason=" ")
    for user in User.objects.exclude(pk=person.pk):
        user.holdings.filter(role=Role.ADMINISTRATOR).delete()
    grant_role(person, Role.ADMINISTRATOR, COMMAND_LINE)
    with pytest.raises(LastAdministrator):
        erase_person(person, actor=COMMAND_LINE, reason="x")
