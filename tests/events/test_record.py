"""Writing to the record: order, chain, and what the database itself refuses."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from events import canonical, checkpoints, clock, queries
from events.models import Event
from events.services import record, written_together
from events.verification import verify_stream

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
    assert verify_stream(STREAM) == 40


@pytest.mark.django_db
def test_events_that_are_written_together_lie_in_their_order_in_each_stream() -> None:
    write(0)
    other = "release/2026.12.0"
    with transaction.atomic(), written_together():
        made = [record(stream, "release.annotated", "system:test") for stream in (STREAM, other, STREAM)]
        assert queries.head(STREAM) == 1
    assert [event.seq for event in made] == [2, 1, 3]
    assert Event.objects.get(pk=made[2].pk).previous_hash == made[0].hash
    assert (verify_stream(STREAM), verify_stream(other)) == (3, 1)


@pytest.mark.django_db
def test_savepoint_that_is_taken_back_takes_its_events_along() -> None:
    with transaction.atomic(), written_together():
        record(STREAM, "release.annotated", "system:test", after={"number": 1})
        with contextlib.suppress(InterruptedError), transaction.atomic():
            record(STREAM, "release.annotated", "system:test", after={"number": 2})
            raise InterruptedError
        with transaction.atomic():
            record(STREAM, "release.annotated", "system:test", after={"number": 3})
    written = Event.objects.filter(stream=STREAM).order_by("seq")
    assert [event.after for event in written] == [{"number": 1}, {"number": 3}]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_fails_leaves_no_event() -> None:
    with contextlib.suppress(InterruptedError), transaction.atomic():
        record(STREAM, "release.annotated", "system:test")
        raise InterruptedError
    with contextlib.suppress(InterruptedError), transaction.atomic(), written_together():
        record(STREAM, "release.annotated", "system:test")
        raise InterruptedError
    assert queries.head(STREAM) == 0
    with pytest.raises(RuntimeError, match="transaction"):
        record(STREAM, "release.annotated", "system:test")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events_event SET reason = 'x'",
        "DELETE FROM events_event",
        "UPDATE events_event_elsewhen SET reason = 'x'",
        "DROP TABLE events_event_elsewhen",
        "DROP TABLE events_event",
        "UPDATE events_checkpoint SET hash = 'x'",
        "DELETE FROM events_checkpoint_entry",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_event(sql: str) -> None:
    with clock.at(datetime(2019, 5, 1, tzinfo=UTC)):
        write()
    checkpoints.make()
    with (
        pytest.raises(DatabaseError, match=r"append-only|hmhp_retention alone"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_a_stream_is_read_forwards_backwards_and_filtered() -> None:
    for number in range(5):
        write(number)
    assert [event.seq for event in queries.after(STREAM, 3)] == [4, 5]
    assert [event.seq for event in queries.page(STREAM, before=3, limit=2)] == [2, 1]
    assert queries.listing(stream="release/", kinds=["release.annotated"], actor="system:test").count() == 5
    assert queries.listing(stream="release").count() == 0
    assert verify_stream("release/none") == 0


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["plain", 'a "quote" \\ and\ttab\n', "\x01\x1f\x7f", "Zürich 🜂 \u2028"])
def test_the_database_hashes_the_canonical_text_that_anybody_can_compute_again(text: str) -> None:
    with transaction.atomic():
        event = record(
            STREAM, "release.annotated", "system:test", reason=text, after={text: [1.5, 1e21, None]}
        )
    kept = Event.objects.get(pk=event.pk)
    assert kept.hash == event.hash == canonical.sha256(kept.content())
    assert kept.content() == event.content()


@pytest.mark.django_db
def test_whoever_inserts_an_event_has_it_chained() -> None:
    first = write()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_event (stream, seq, kind, actor, at, reason, data, previous_hash, hash)"
            " VALUES (%s, 77, 'x.y', 'system:x', now(), '', '{}', 'mine', 'mine')"
            " RETURNING seq, previous_hash",
            [STREAM],
        )
        assert cursor.fetchone() == (2, first.hash)
    assert verify_stream(STREAM) == 2
