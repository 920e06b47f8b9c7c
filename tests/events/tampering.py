"""A record with a past, and what a hostile administrator of the database could do to it.

Everything here runs as the superuser with triggers off, which the test's own PostgreSQL allows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import connection, transaction

from events import checkpoints
from events.models import Event, StreamHead
from events.services import record

STREAM, OTHER = "release/2026.11.0", "release/2026.12.0"


def past() -> None:
    """Two streams, a checkpoint, more events, another checkpoint."""
    for _ in range(2):
        for number in range(3):
            for stream in (STREAM, OTHER):
                with transaction.atomic():
                    record(stream, "release.annotated", "person:a", after={"number": number}, reason="why")
        checkpoints.make()


def as_superuser(*statements: str) -> None:
    """With triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = DEFAULT")


def sql(*statements: str) -> Callable[[], None]:
    """A tampering that is nothing but SQL."""
    return lambda: as_superuser(*statements)


def rehash_tail(from_seq: int = 4) -> None:
    """Change an event and compute the chain anew from there to the head, as somebody who knows how."""
    events = list(Event.objects.filter(stream=STREAM, seq__gte=from_seq).order_by("seq"))
    events[0].reason = "something else"
    previous, statements = events[0].previous_hash, []
    for event in events:
        event.previous_hash = previous
        text = json.dumps(event.content(), sort_keys=True, separators=(",", ":"))
        own = hashlib.sha256(text.encode()).hexdigest()
        statements.append(
            f"UPDATE events_event SET reason = '{event.reason}', previous_hash = '{previous}', hash = '{own}'"
            f" WHERE id = {event.pk}"
        )
        previous = own
    before = events[-1].previous_hash
    statements.append(
        f"UPDATE events_stream_head SET hash = '{previous}', previous_hash = '{before}'"
        f" WHERE stream = '{STREAM}'"
    )
    as_superuser(*statements)


def remove_newest(with_checkpoint: bool = False) -> None:
    """Remove the newest events of a stream and set its head back, so that the chain fits again."""
    last = Event.objects.get(stream=STREAM, seq=3)
    head = (
        f"UPDATE events_stream_head SET seq = 3, hash = '{last.hash}', previous_hash = '{last.previous_hash}'"
        f" WHERE stream = '{STREAM}'"
    )
    as_superuser(f"DELETE FROM events_event WHERE stream = '{STREAM}' AND seq > 3", head)
    if with_checkpoint:
        as_superuser(
            "DELETE FROM events_checkpoint_entry WHERE checkpoint_id = 2",
            "DELETE FROM events_checkpoint WHERE number = 2",
            "UPDATE events_sealed_head SET seq = 3",
            f"DELETE FROM events_event WHERE stream = '{OTHER}' AND seq > 3",
            "UPDATE events_stream_head h SET seq = 3, hash = e.hash, previous_hash = e.previous_hash"
            f" FROM events_event e WHERE e.stream = h.stream AND e.seq = 3 AND h.stream = '{OTHER}'",
        )


def swap() -> None:
    """Two events change places, hashes included."""
    as_superuser(
        f"UPDATE events_event SET seq = CASE seq WHEN 2 THEN 3 ELSE 2 END WHERE stream = '{STREAM}'"
        " AND seq IN (2, 3)"
    )


def delete_stream() -> None:
    """A stream vanishes with its head."""
    assert StreamHead.objects.filter(pk=OTHER).exists()
    as_superuser(
        f"DELETE FROM events_event WHERE stream = '{OTHER}'",
        f"DELETE FROM events_stream_head WHERE stream = '{OTHER}'",
    )


def delete_stream_and_what_sealed_it() -> None:
    """And the checkpoints' entries of it too."""
    delete_stream()
    as_superuser(
        f"DELETE FROM events_checkpoint_entry WHERE stream = '{OTHER}'",
        f"DELETE FROM events_sealed_head WHERE stream = '{OTHER}'",
    )


LONG_AGO = datetime(2019, 5, 3, 8, 0, tzinfo=UTC)
