"""Six years, legal hold, a role of its own, and a signed tombstone that the check accepts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from events import checkpoints, clock, holds, partitions, retention
from events.errors import Blocked, Invalid, NotFound
from events.models import Event, Tombstone
from events.services import record
from events.verification import verify
from tests.events.tampering import as_superuser

pytestmark = pytest.mark.django_db
OLD, STREAM = datetime(2019, 5, 3, 8, 0, tzinfo=UTC), "release/2019.5.0"
MONTH = retention.Month("events_event_y2019m05")


@pytest.fixture(autouse=True)
def past() -> None:
    """A stream that began in May 2019 and goes on today, and one that ended then."""
    partitions.make(OLD)
    with clock.at(OLD), transaction.atomic():
        for stream in (STREAM, STREAM, "release/2019.4.0"):
            record(stream, "release.annotated", "system:test", reason="old")
    checkpoints.make()
    with transaction.atomic():
        record(STREAM, "release.annotated", "system:test", reason="new")


def test_a_month_of_six_years_ago_is_dropped_and_its_tombstone_is_accepted() -> None:
    assert [month.partition for month in retention.expired(clock.now())] == [MONTH.partition]
    call_command("apply_retention", drop=True)
    assert list(Event.objects.filter(stream=STREAM).values_list("seq", "reason")) == [(3, "new")]
    assert verify().problem == ""
    with transaction.atomic():
        record(
            "release/2019.4.0", "release.annotated", "system:test", reason="goes on after its past is gone"
        )
    assert (verify().problem, Event.objects.get(stream="release/2019.4.0").seq) == ("", 2)
    assert Event.objects.filter(kind="retention.dropped").exists()


def test_a_month_whose_time_is_not_over_is_not_dropped() -> None:
    with clock.at(datetime(2025, 5, 31, 23, 0, tzinfo=UTC)):
        assert retention.expired(clock.now()) == []
        with pytest.raises(Blocked, match="six years"):
            retention.drop(MONTH, "system:test")
    with clock.at(datetime(2025, 6, 2, tzinfo=UTC)):
        assert len(retention.expired(clock.now())) == 1


@pytest.mark.parametrize("held", ["", "release/2019.4"])
def test_a_legal_hold_keeps_what_it_touches_until_it_is_lifted(held: str) -> None:
    hold = holds.place("person:a", stream=held, reason="Court file 7")
    with pytest.raises(Blocked, match="Court file 7"):
        retention.drop(MONTH, "system:test")
    holds.lift("person:a", hold.pk, reason="closed")
    assert retention.drop(MONTH, "system:test").partition == MONTH.partition


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events_legal_hold SET lifted_at = placed_at, lifted_by = 'x', lifted_reason = 'x'",
        "DELETE FROM events_legal_hold",
    ],
)
def test_a_hold_whose_row_was_taken_away_by_sql_holds_as_its_event_tells(statement: str) -> None:
    holds.place("person:a", stream="release/2019.4", reason="Court file 7")
    as_superuser(statement)
    with pytest.raises(Blocked, match=r"on what begins with release/2019.4: Court file 7"):
        retention.drop(MONTH, "system:test")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events_legal_hold",
        "UPDATE events_legal_hold SET stream = 'release/2018'",
        "UPDATE events_legal_hold SET lifted_at = NULL, lifted_by = '', lifted_reason = ''",
    ],
)
def test_a_hold_is_never_rewritten_or_deleted(statement: str) -> None:
    hold = holds.place("person:a", stream="release/2019.4", reason="Court file 7")
    holds.lift("person:a", hold.pk, reason="closed")
    with (
        pytest.raises(DatabaseError, match="placed and lifted, never rewritten"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_hold_on_something_else_keeps_nothing() -> None:
    holds.place("person:a", stream="release/2020", reason="Court file 8")
    assert retention.expired(clock.now()) == [MONTH]


def test_a_hold_is_placed_and_lifted_with_a_reason_and_on_the_record() -> None:
    with pytest.raises(Invalid):
        holds.place("person:a", stream="", reason=" ")
    with pytest.raises(NotFound):
        holds.lift("person:a", 99, reason="x")
    hold = holds.place("person:a", stream="", reason="x")
    holds.lift("person:a", hold.pk, reason="y")
    kinds = Event.objects.filter(stream=retention.STREAM).values_list("kind", flat=True)
    assert list(kinds) == ["hold.placed", "hold.lifted"]


def test_nothing_is_dropped_while_the_record_does_not_verify() -> None:
    as_superuser("UPDATE events_event SET reason = 'x' WHERE reason = 'new'")
    with pytest.raises(Blocked, match=r"does not verify: Event 3 of release/2019\.5\.0"):
        retention.drop(MONTH, "system:test")


def test_only_the_retention_role_drops_a_month() -> None:
    with (
        pytest.raises(DatabaseError, match="hmhp_retention alone"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DROP TABLE {MONTH.partition}")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE events_tombstone SET text = replace(text, '\"events\":3', '\"events\":2')", "is not signed"),
        ("UPDATE events_tombstone SET at = at + interval '1 s'", "is not what was written"),
        ("DELETE FROM events_tombstone", "Event 1 of release/2019.5.0 is missing"),
    ],
)
def test_a_changed_or_removed_tombstone_is_found(statement: str, named: str) -> None:
    retention.drop(MONTH, "system:test")
    as_superuser(statement)
    assert named in verify().problem


def test_a_month_dropped_without_a_tombstone_is_found() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE hmhp_retention")
        cursor.execute(f"DROP TABLE {MONTH.partition}")
        cursor.execute("RESET ROLE")
    assert not Tombstone.objects.exists()
    assert verify().problem == "Event 1 of release/2019.5.0 is missing."
