"""Every event of every stream, in order: its text, its hash, its place, and what checkpoints say of it.

Rows come by COPY with their JSON as it lies there; nothing is parsed, so that one core checks far more
than 50,000 events a second. The text that is hashed is put together here, not in the database: a
changed function there changes nothing.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import connection

from events import keys
from events.models import StreamHead
from events.verification.faults import Fault
from events.verification.tombstones import Dropped

START = "0" * 64
_quoted = json.encoder.encode_basestring
"""As RFC 8785 §3.2.2.2 writes a string."""

_ROWS = """COPY (
    SELECT e.stream, e.seq, e.previous_hash, e.hash, e.actor, e.kind, e.reason,
        pg_catalog.to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        e.before, e.after, e.data, x.hash, x.checkpoint_id
    FROM events_event e
    LEFT JOIN events_checkpoint_entry x ON x.stream = e.stream AND x.seq = e.seq
    WHERE {where} ORDER BY e.stream, e.seq, e.id
) TO STDOUT"""


class End(NamedTuple):
    """The last event of a stream: its position, its hash, and the hash before it."""

    seq: int
    hash: str
    before: str


@dataclass(slots=True)
class Walked:
    """How far the walk has come."""

    events: int = 0
    streams: int = 0


def walk(dropped: Dropped, stream: str | None = None) -> tuple[Walked, dict[str, End]]:
    """Check every event, or those of one stream; returns how many there are and where each stream ends.

    Raises Fault at the first event that is changed, missing, moved or otherwise than a checkpoint says.
    """
    walked, ends = Walked(), {}
    name, seq, previous, before = "", 0, START, START
    chosen = ("true", []) if stream is None else ("e.stream = %s", [stream])
    for row in rows(*chosen):
        if row[0] != name:
            if name:
                ends[name] = End(seq, previous, before)
            name, seq, previous = row[0], 0, START
            walked.streams += 1
        if row[2] != previous or int(row[1]) != seq + 1:
            seq, previous = dropped.across(name, seq, previous, int(row[1]), row[2])
        if sha256(text_of(row).encode()).hexdigest() != row[3]:
            raise Fault(f"Event {row[1]} of {name} is not what was written.")
        if row[11] is not None and row[11] != row[3]:
            raise Fault(f"Event {row[1]} of {name} is not what checkpoint {row[12]} sealed.")
        seq, previous, before = seq + 1, row[3], row[2]
        walked.events += 1
    if name:
        ends[name] = End(seq, previous, before)
    return walked, ends


def verify_stream(stream: str) -> int:
    """Check one stream to its head; returns how many of its events stand. Raises Fault."""
    dropped = Dropped.read(keys.public_keys())
    walked, ends = walk(dropped, stream)
    head = StreamHead.objects.filter(pk=stream, seq__gt=0).first()
    if head is not None or stream in ends:
        compare_head(stream, head, ends.get(stream), dropped)
    return walked.events


def compare_head(stream: str, head: StreamHead | None, end: End | None, dropped: Dropped) -> None:
    """The last event, or the last one dropped, is what the head says. Raises Fault."""
    seq, last = dropped.beyond(stream, *(end[:2] if end else (0, START)))
    if head is None:
        raise Fault(f"The head of {stream} is missing.")
    if seq < head.seq:
        raise Fault(f"Event {seq + 1} of {stream} is missing: the end was removed.")
    changed = end is not None and end.seq == seq and end.before != head.previous_hash
    if changed or seq > head.seq or last != head.hash:
        raise Fault(f"The head of {stream} is not what was written.")


def text_of(row: Any) -> str:
    """The canonical JSON of an event: names in order, JSON columns as they lie in the table."""
    return (
        f'{{"actor":{_quoted(row[4])},"after":{row[9] or "null"},"at":"{row[7]}",'
        f'"before":{row[8] or "null"},"data":{row[10]},"kind":{_quoted(row[5])},'
        f'"previous_hash":"{row[2]}","reason":{_quoted(row[6])},"seq":{row[1]},"stream":{_quoted(row[0])}}}'
    )


def rows(where: str, parameters: list[Any]) -> Iterator[Any]:
    """Events as text columns, in order of stream and position: what `text_of` and `walk` read.

    `where` is SQL over the event `e` with places for the parameters; it never comes from outside.
    """
    with (
        connection.cursor() as cursor,
        cursor.copy(_ROWS.format(where=where), parameters or None) as copy,
    ):
        yield from copy.rows()
