"""Entries of the record as people read them: present names, before and after, few queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.entries import Entry, entries
from accounts.queries import stream_called, stream_names
from accounts.services.erasing import erase_person
from accounts.services.people import change_person, set_active
from accounts.services.roles import end_role
from events.models import Event
from events.services import record
from tests.cast import ROLES, SETUP, token_of, user

pytestmark = pytest.mark.django_db


def entry(kind: str) -> Entry:
    """The newest entry of this kind."""
    return entries([Event.objects.filter(kind=kind).order_by("-pk")[0]])[0]


def lines(found: Entry) -> dict[str, tuple[str | None, str | None]]:
    return {line.name: (line.before, line.after) for line in found.lines}


def test_stream_and_actor_of_a_person_are_shown_by_their_present_name() -> None:
    quinn = user("quinn")
    set_active(quinn, active=False, actor=SETUP)
    quinn.username = "quinn.renamed"
    quinn.save()
    found = entry("person.deactivated")
    assert (found.about, found.who) == ("people/quinn.renamed", "the test")
    assert lines(found) == {"active": ("yes", "no")}
    assert found.lines[0].changed


def test_erased_person_is_shown_as_erased_everywhere() -> None:
    quinn = user("quinn")
    record(
        "release/1", "gate.rejected", quinn.actor_id, reason="quinn said no-go", data={"by": quinn.actor_id}
    )
    change_person(quinn, name="Quinn Q.", actor=SETUP)
    erase_person(quinn, actor=SETUP, reason="Asked for it.")
    said = entry("gate.rejected")
    assert said.who.startswith("erased-")
    assert said.facts[0].after == said.who
    assert said.words(said.event.reason) == "somebody who was erased said no-go"
    changed = entry("person.changed")
    assert changed.about == f"people/{said.who}"
    assert lines(changed)["display name"] == ("(erased)", "(erased)")


def test_nested_values_ids_and_lists_are_written_for_people() -> None:
    rita, token = user("rita"), token_of(None, "read")[0]
    record(
        "release/1",
        "release.postponed",
        "system:engine",
        before={"window": {"start": "2026-11-18T09:00:00Z", "end": None}, "signers": []},
        after={
            "window": {"start": "2026-11-19T09:00:00Z", "end": None},
            "signers": [{"person": rita.actor_id}],
        },
        data={"regions": ["us-east", "eu-central"], "by": f"service:{token.public_id}", "late": True},
    )
    found = entry("release.postponed")
    assert lines(found) == {
        "window, start": ("2026-11-18T09:00:00Z", "2026-11-19T09:00:00Z"),
        "window, end": ("none", "none"),
        "signers": ("none", "person rita"),
    }
    assert {line.name: line.after for line in found.facts} == {
        "regions": "us-east, eu-central",
        "by": "ci token",
        "late": "yes",
    }
    assert found.who == "the engine"


def test_number_of_queries_does_not_grow_with_the_entries() -> None:
    for name in ROLES:
        person = user(name)
        change_person(person, name=f"{name} the second", actor=SETUP)
        for role in ROLES[name]:
            record(person.stream, "note", person.actor_id, reason=f"{name} said so of {role}")
    end_role(user("rita"), ROLES["rita"][0], SETUP)
    shown = list(Event.objects.all())
    with CaptureQueriesContext(connection) as caught:
        entries(shown)
    assert len(shown) > 30
    assert len(caught) <= 3


def test_stream_of_a_person_is_found_by_login() -> None:
    rita = user("rita")
    assert stream_called("people/rita") == stream_called("people/@RITA") == rita.stream
    assert stream_called(rita.stream) == rita.stream
    assert stream_called("people/") == "people/"
    assert stream_called("release/rita") == "release/rita"
    assert stream_names([rita.stream, "release/1", "people/x"]) == {
        rita.stream: "people/rita",
        "release/1": "release/1",
        "people/x": "people/x",
    }
