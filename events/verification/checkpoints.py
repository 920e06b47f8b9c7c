"""The signed chain of checkpoints, what each sealed, and whether all of it is still there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from django.db import connection

from events import canonical, keys
from events.checkpoints import START, Entry, hash_of
from events.heads import Head
from events.models import Checkpoint, CheckpointEntry
from events.verification.faults import Fault
from events.verification.tombstones import Dropped
from platforms.keys.base import PublicKey

_UNSEALED = """
SELECT coalesce(s.stream, x.stream), s.seq, x.seq FROM events_sealed_head s
FULL JOIN (SELECT stream, max(seq) AS seq FROM events_checkpoint_entry GROUP BY stream) x
    ON x.stream = s.stream
WHERE s.seq IS DISTINCT FROM x.seq ORDER BY 1 LIMIT 1
"""
_GONE = """
SELECT x.stream, x.seq, x.checkpoint_id FROM events_checkpoint_entry x
WHERE NOT EXISTS (SELECT 1 FROM events_event e WHERE e.stream = x.stream AND e.seq = x.seq)
ORDER BY x.stream, x.seq
"""


def check(public: Iterable[PublicKey]) -> int:
    """The chain of checkpoints, with signatures and entries; returns how many. Raises Fault."""
    known, previous, number = tuple(public), START, 0
    for checkpoint in Checkpoint.objects.order_by("number").iterator(chunk_size=500):
        number += 1
        if checkpoint.number != number:
            raise Fault(f"Checkpoint {number} is missing.")
        previous = _one(checkpoint, previous, known)
    _strangers(number)
    return number


def _one(checkpoint: Checkpoint, previous: str, known: tuple[PublicKey, ...]) -> str:
    name = f"Checkpoint {checkpoint.number}"
    if hashlib.sha256(checkpoint.text.encode()).hexdigest() != checkpoint.hash:
        raise Fault(f"{name} is not what was written.")
    if not keys.holds(keys.Signed(checkpoint.text, checkpoint.key_id, checkpoint.signature), known):
        raise Fault(f"{name} is not signed by a key of this portal.")
    document = json.loads(checkpoint.text)
    if document["at"] != canonical.moment(checkpoint.at):
        raise Fault(f"The time of checkpoint {checkpoint.number} is not what was written.")
    if (document["number"], document["previous"]) != (checkpoint.number, previous):
        raise Fault(f"{name} does not follow the one before it.")
    rows = CheckpointEntry.objects.filter(checkpoint=checkpoint).order_by("stream")
    entries = [Entry(*row) for row in rows.values_list("stream", "seq", "hash")]
    if hash_of(entries) != document["entries"]:
        raise Fault(f"What checkpoint {checkpoint.number} sealed is not what was written.")
    return checkpoint.hash


def _strangers(last: int) -> None:
    stray = CheckpointEntry.objects.filter(checkpoint_id__gt=last).order_by("checkpoint_id").first()
    if stray is not None:
        raise Fault(f"Checkpoint {stray.checkpoint_id} is missing, but sealed {stray.stream}.")


def check_sealed(dropped: Dropped) -> None:
    """Everything that was ever sealed is there or was dropped with its month. Raises Fault."""
    with connection.cursor() as cursor:
        cursor.execute(_GONE)
        for stream, seq, number in cursor.fetchall():
            if not dropped.holds(stream, seq):
                raise Fault(f"Event {seq} of {stream} is missing; checkpoint {number} sealed it.")
        cursor.execute(_UNSEALED)
        if (row := cursor.fetchone()) is not None:
            raise Fault(
                f"How far {row[0]} is sealed was changed: it says {row[1]}, checkpoints say {row[2]}."
            )


def check_head(head: Head, public: Iterable[PublicKey]) -> None:
    """The record is a continuation of a head that was kept elsewhere. Raises Fault."""
    if not keys.holds(head.signed, public):
        raise Fault("The head is not signed by a key of this portal.")
    found = Checkpoint.objects.filter(number=head.number).first()
    if found is None:
        raise Fault(
            f"Checkpoint {head.number} is missing: this is an older record, or its newest part was removed."
        )
    if found.hash != head.hash:
        raise Fault(
            f"Checkpoint {head.number} is not the one whose head was kept: another history stands here."
        )
