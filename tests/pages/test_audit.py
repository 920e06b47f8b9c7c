"""The audit page: filters that the address keeps, pages that do not shift, the chain's health."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.pseudonyms import hide
from accounts.roles import Role
from accounts.services.people import change_person
from accounts.services.roles import end_role
from events import checkpoints, clock
from events.loading import Loaded, load
from events.models import ChainCheck, Event, LegalHold
from events.services import record
from events.verification.whole import verify_and_note
from tests.cast import SETUP
from tests.events.tampering import as_superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def sasha(cast, client: Client) -> Client:  # type: ignore[no-untyped-def]
    client.force_login(cast.sasha)
    return client


def page(client: Client, **asked: str) -> str:
    answer = client.get("/audit/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_pages_neither_repeat_nor_miss_an_entry_while_others_are_written(sasha: Client) -> None:
    load(Loaded("release/9", "release.annotated", "system:x", reason=f"number {n:03}") for n in range(120))
    seen: list[str] = []
    html = page(sasha, stream="release/9")
    for _ in range(3):
        seen += re.findall(r"number (\d{3})", html)
        load([Loaded("release/9", "release.annotated", "system:x", reason="meanwhile")])
        after = re.search(r'rel="next" href="\?stream=release%2F9&amp;after=([^"]+)"', html)
        html = page(sasha, stream="release/9", after=after.group(1)) if after else ""
    assert seen == [f"{n:03}" for n in reversed(range(120))]


def test_time_and_person_filter_and_a_wrong_time_is_told(sasha: Client, cast) -> None:  # type: ignore[no-untyped-def]
    with clock.at(datetime(2026, 3, 3, 12, 0, tzinfo=UTC)), transaction.atomic():
        record("release/9", "release.annotated", cast.rita.actor_id, reason="in march")
    assert "in march" in page(sasha, since="2026-03-03", until="2026-03-03", person="@rita")
    assert "in march" not in page(sasha, since="2026-03-04", person="rita")
    wrong = sasha.get("/audit/", {"since": "yesterday"})
    assert (wrong.status_code, b"A date, or date and time, in UTC" in wrong.content) == (400, True)


def test_looking_is_recorded_once_and_names_the_person_asked_for_by_id(sasha: Client, cast) -> None:  # type: ignore[no-untyped-def]
    page(sasha, person="rita")
    page(sasha, person="rita")
    event = Event.objects.get(kind="audit.searched")
    assert (event.actor, event.data["person"]) == (cast.sasha.actor_id, cast.rita.actor_id)


def test_entries_are_found_by_their_kind_and_that_look_is_recorded(sasha: Client, cast) -> None:  # type: ignore[no-untyped-def]
    with transaction.atomic():
        record("release/9", "release.annotated", cast.rita.actor_id, reason="a note")
        record("release/9", "release.submitted", cast.rita.actor_id, reason="asked")
    html = page(sasha, kind="release.annotated")
    assert ("a note" in html, "asked" in html) == (True, False)
    assert Event.objects.get(kind="audit.searched").data == {"kind": "release.annotated"}


def test_names_of_all_entries_are_read_together(sasha: Client, cast) -> None:  # type: ignore[no-untyped-def]
    entries = {"release.annotated": 1, "release.submitted": 9}
    for kind, number in entries.items():
        load(
            Loaded(
                "release/9", kind, "system:x", reason=hide(f"@rita asked {n}"), data={"remark": hide("quinn")}
            )
            for n in range(number)
        )
    counted = []
    for kind, number in entries.items():
        page(sasha, kind=kind)
        with CaptureQueriesContext(connection) as caught:
            html = page(sasha, kind=kind)
        counted.append(len(caught))
        assert (html.count("@rita asked"), html.count("quinn")) == (number, number)
    assert counted[0] == counted[1]


def test_the_health_of_the_chain_stands_at_the_top(sasha: Client) -> None:
    assert "has not been checked yet" in page(sasha)
    checkpoints.make()
    verify_and_note()
    assert "The record stands as it was written." in page(sasha)
    as_superuser("UPDATE events_event SET reason = 'x' WHERE seq = 1")
    verify_and_note()
    html = page(sasha)
    assert "does not stand as it was written: Event 1 of" in html
    assert ChainCheck.objects.count() == 2


def test_dossiers_and_holds_are_asked_for_on_their_pages(sasha: Client) -> None:
    now = clock.now()
    asked = {"release": "", "since": "2026-01-01 00:00", "until": "2026-02-01 00:00"}
    assert sasha.post("/audit/dossiers/ask/", asked).status_code == 302
    assert "Being made" in sasha.get("/audit/dossiers/").content.decode()
    assert sasha.post("/audit/holds/place/", {"stream": "release/9", "reason": "Court"}).status_code == 302
    html = sasha.get("/audit/holds/").content.decode()
    assert "Court" in html
    assert now <= clock.now()


def test_stream_of_a_person_is_shown_and_found_by_name_and_recorded_by_id(sasha: Client, cast) -> None:  # type: ignore[no-untyped-def]
    end_role(cast.quinn, Role.QA_LEAD, SETUP)
    html = page(sasha, stream="people/quinn")
    assert "Role ended" in html
    assert "people/quinn</a>" in html
    assert str(cast.quinn.public_id) not in re.sub(r'"[^"]*"', "", html)
    assert 'value="people/quinn"' in page(sasha, stream=cast.quinn.stream)
    searched = Event.objects.filter(kind="audit.searched").values_list("data__stream", flat=True)
    assert set(searched) == {cast.quinn.stream}
    page(sasha, stream="people/nobody.here")
    assert Event.objects.filter(kind="audit.searched").latest("pk").data["stream"] == "people/(nobody)"


def test_entry_shows_before_and_after_of_each_value(sasha: Client, cast) -> None:  # type: ignore[no-untyped-def]
    change_person(cast.quinn, time_zone="Europe/Oslo", actor=SETUP)
    html = page(sasha, kind="person.changed")
    assert "<dt>time zone</dt>" in html
    assert re.search(r"before</span> UTC<br>.*after</span> <b class=\"med\">Europe/Oslo", html)


def test_hold_on_a_person_is_placed_by_name_and_holds_their_stream(sasha: Client, cast) -> None:  # type: ignore[no-untyped-def]
    assert sasha.post("/audit/holds/place/", {"stream": "people/quinn", "reason": "Court"}).status_code == 302
    assert LegalHold.objects.get().stream == cast.quinn.stream
    assert "people/quinn" in sasha.get("/audit/holds/").content.decode()
    wrong = sasha.post("/audit/holds/place/", {"stream": "people/nobody.here", "reason": "Court"})
    assert wrong.status_code == 400
    assert LegalHold.objects.count() == 1
