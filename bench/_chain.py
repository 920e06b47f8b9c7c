"""Many events chained here instead of by the database: hashed as `verify_audit` hashes them, written by COPY.

For new streams of a benchmark's own database only; the guards of the table are off meanwhile. Events that a
service makes are chained by the database, one by one, which takes minutes for a million.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import connection, transaction

from events import canonical
from events.verification.streams import START, text_of

COPY = (
    "COPY events_event (stream, seq, kind, actor, at, reason, before, after, data, previous_hash, hash) "
    "FROM STDIN"
)
HEADS = "COPY events_stream_head (stream, seq, hash, previous_hash) FROM STDIN"


@dataclass(slots=True)
class Told:
    """An event with its documents as canonical text."""

    kind: str
    actor: str
    at: datetime
    reason: str
    before: str | None
    after: str | None
    data: str


Stream = tuple[str, Iterable[Told]]


def load(streams: Iterable[Stream]) -> None:
    """Write these streams whole; each is new."""
    heads = []
    with transaction.atomic(), connection.cursor() as cursor:
        _guard(cursor, "DISABLE")
        with cursor.copy(COPY) as rows:
            for stream, events in streams:
                heads.append((stream, *_write(rows, stream, events)))
        with cursor.copy(HEADS) as rows:
            for head in heads:
                rows.write_row(head)
        _guard(cursor, "ENABLE")


def _write(rows: Any, stream: str, events: Iterable[Told]) -> tuple[int, str, str]:
    """One stream; its newest position, hash and the hash before."""
    seq, previous, before = 0, START, START
    for seq, event in enumerate(events, start=1):
        documents = (event.before, event.after, event.data)
        at = canonical.moment(event.at)
        text = text_of(
            (stream, str(seq), previous, "", event.actor, event.kind, event.reason, at, *documents)
        )
        hashed = sha256(text.encode()).hexdigest()
        rows.write_row(
            (stream, seq, event.kind, event.actor, event.at, event.reason, *documents, previous, hashed)
        )
        before, previous = previous, hashed
    return seq, previous, before


def _guard(cursor: Any, how: str) -> None:
    cursor.execute(f"ALTER TABLE events_event {how} TRIGGER USER")
