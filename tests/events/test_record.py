"""Writing to the record: order, chain, and what the database itself refuses."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from events import queries
from events.models import Event
from events.services import record

STREAM = "release/2026.11.0"


def write(number: int = 1) -> Event:
    with transaction.atomic():
        return record(STREAM, "release.annotated", "system:test", after={"number": number})


def write_in_thread(number: int) -> int:
    try:
        return write(number).seq
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_leave_no_gap_and_no_fork() -> None:
    with ThreadPoolExecutor(8) as pool:
        positions = sorted(pool.map(write_in_thread, range(40)))
    assert positions == list(range(1, 41))
    assert queries.verify(STREAM).unbroken


@pytest.mark.django_db(transaction=True)
def test_a_change_that_fails_leaves_no_event() -> None:
    with contextlib.suppress(InterruptedError), transaction.atomic():
        record(STREAM, "release.annotated", "system:test")
        raise InterruptedError
    assert queries.head(STREAM) == 0
    with pytest.raises(RuntimeError, match="transaction"):
        record(STREAM, "release.annotated", "system:test")


@pytest.mark.django_db
@pytest.mark.parametrize("sql", ["UPDATE events_event SET reason = 'x'", "DELETE FROM events_event"])
def test_the_database_refuses_to_change_or_delete_an_event(sql: str) -> None:
    write()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Event.objects.count() == 1


def tamper(sql: str) -> None:
    """What somebody with the database's own rights could do."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER ALL")
        cursor.execute(sql)
        cursor.execute("ALTER TABLE events_event ENABLE TRIGGER ALL")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sql", "broken_at", "words"),
    [
        ("UPDATE events_event SET actor = 'person:x' WHERE seq = 2", 2, "not what was written"),
        ("UPDATE events_event SET previous_hash = repeat('1', 64) WHERE seq = 2", 2, "does not follow"),
        ("DELETE FROM events_event WHERE seq = 2", 2, "missing"),
        ("DELETE FROM events_event WHERE seq = 3", 3, "end is missing"),
    ],
)
def test_tampering_is_found_with_its_position(sql: str, broken_at: int, words: str) -> None:
    for number in range(3):
        write(number)
    tamper(sql)
    found = queries.verify(STREAM)
    assert (found.broken_at, words in found.sentence) == (broken_at, True)


@pytest.mark.django_db
def test_a_stream_is_read_forwards_backwards_and_filtered() -> None:
    for number in range(5):
        write(number)
    assert [event.seq for event in queries.after(STREAM, 3)] == [4, 5]
    assert [event.seq for event in queries.page(STREAM, before=3, limit=2)] == [2, 1]
    assert queries.listing(stream="release/", kinds=["release.annotated"], actor="system:test").count() == 5
    assert queries.listing(stream="release").count() == 0
    assert queries.verify("release/none").unbroken
