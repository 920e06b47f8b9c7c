"""Checkpoints: the heads of all streams that moved, sealed in one signed chain.

A checkpoint is made each minute in which something happened, and on demand. It never waits for a
writer: it reads the heads that are committed, and what comes later is in the next one. The signing is
done outside any transaction. Called by the task, the command and the page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, transaction

from events import canonical, clock, keys
from events.models import Checkpoint

FORMAT = "hmhp-portal checkpoint 1"
START = "0" * 64
_LOCK = 0x484D4850_02
"""Key of the advisory lock under which one checkpoint at a time is made."""

_MOVED = """
SELECT head.stream, head.seq, head.hash FROM events_stream_head head
LEFT JOIN events_sealed_head sealed ON sealed.stream = head.stream
WHERE head.seq > coalesce(sealed.seq, 0) ORDER BY head.stream
"""


class Entry(NamedTuple):
    """Where a stream stood."""

    stream: str
    seq: int
    hash: str


def make() -> Checkpoint | None:
    """Seal what moved since the checkpoint before; None when nothing did.

    Raises CannotSign when the key keeper does not sign; nothing is stored then.
    """
    with _alone():
        moved = _moved()
        if not moved:
            return None
        signed = keys.sign(_document(moved))
        return _store(signed, moved)


def newest() -> Checkpoint | None:
    """The end of the chain."""
    return Checkpoint.objects.order_by("-number").first()


def hash_of(entries: Iterable[Entry]) -> str:
    """SHA-256 over the canonical JSON of the entries, which are in order of their streams' bytes."""
    rows = [[entry.stream, entry.seq, entry.hash] for entry in entries]
    # Strings, whole numbers and lists alone: here the fast writer's text is the canonical one.
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _moved() -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(_MOVED)
        return [Entry(*row) for row in cursor.fetchall()]


def _document(moved: list[Entry]) -> dict[str, object]:
    last = newest()
    return {
        "format": FORMAT,
        "number": last.number + 1 if last else 1,
        "at": canonical.moment(clock.now()),
        "previous": last.hash if last else START,
        "entries": hash_of(moved),
        "streams": len(moved),
    }


@transaction.atomic
def _store(signed: keys.Signed, moved: list[Entry]) -> Checkpoint:
    document = json.loads(signed.text)
    made = Checkpoint.objects.create(
        number=document["number"],
        at=document["at"],
        text=signed.text,
        hash=hashlib.sha256(signed.text.encode()).hexdigest(),
        key_id=signed.key_id,
        signature=signed.signature,
    )
    columns = [list(column) for column in zip(*moved, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_checkpoint_entry (checkpoint_id, stream, seq, hash)"
            " SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::text[])",
            [made.number, *columns],
        )
        cursor.execute(
            "INSERT INTO events_sealed_head (stream, seq) SELECT * FROM unnest(%s::text[], %s::bigint[])"
            " ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq",
            columns[:2],
        )
    return Checkpoint.objects.get(pk=made.pk)


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
