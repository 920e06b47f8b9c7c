"""Six years, then a month may go (45 CFR 164.316(b)(2)(i)): by a role of its own, with a signed tombstone.

Never dropped: a month that a legal hold touches, and any month while the record does not verify. Run by
`manage.py apply_retention`, not by the portal's own clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction

from events import canonical, clock, keys, partitions
from events.errors import Blocked
from events.models import Event, LegalHold, Tombstone
from events.services import record
from events.verification import verify

YEARS = 6
STREAM = "retention"
FORMAT = "hmhp-portal tombstone 1"

_RANGES = """
WITH numbered AS (
    SELECT stream, seq, previous_hash, hash,
        seq - row_number() OVER (PARTITION BY stream ORDER BY seq) AS island
    FROM {partition}
)
SELECT stream, min(seq), max(seq), (array_agg(previous_hash ORDER BY seq))[1],
    (array_agg(hash ORDER BY seq DESC))[1]
FROM numbered GROUP BY stream, island ORDER BY stream, min(seq)
"""
_TOUCHED = "SELECT EXISTS (SELECT 1 FROM {partition} WHERE starts_with(stream, %s))"
_HASHES = "SELECT hash FROM {partition} ORDER BY stream, seq"


@dataclass(frozen=True, slots=True)
class Month:
    """A month whose time is over; `held_by` says why it must stay nevertheless."""

    partition: str
    held_by: str = ""


def expired(now: datetime) -> list[Month]:
    """Months that ended six years ago or longer, oldest first."""
    limit = now.replace(year=now.year - YEARS, day=min(now.day, 28))
    return [Month(name, _held(name)) for name, end in partitions.months() if end <= limit]


def drop(month: Month, actor_id: str) -> Tombstone:
    """Drop a month and leave its tombstone.

    Raises Blocked when it is held, its time is not over, or the record does not verify.
    """
    present = next((m for m in expired(clock.now()) if m.partition == month.partition), None)
    if present is None:
        raise Blocked(f"{month.partition} is no month whose six years are over.")
    if present.held_by:
        raise Blocked(f"{month.partition} stays: {present.held_by}")
    if problem := verify().problem:
        raise Blocked(f"Nothing is dropped while the record does not verify: {problem}")
    signed = keys.sign(_document(month.partition))
    _carry_out(month.partition, signed)
    with transaction.atomic():
        record(STREAM, "retention.dropped", actor_id, data={"partition": month.partition})
    return Tombstone.objects.get(pk=month.partition)


def _held(partition: str) -> str:
    for stream, placed_at, reason in _in_force():
        with connection.cursor() as cursor:
            cursor.execute(_TOUCHED.format(partition=connection.ops.quote_name(partition)), [stream])
            if cursor.fetchone() == (True,):
                about = f"what begins with {stream}" if stream else "the whole record"
                return f"a legal hold of {placed_at:%Y-%m-%d} on {about}: {reason}"
    return ""


def _in_force() -> Iterator[tuple[str, datetime, str]]:
    """Stream, time and reason of each hold: the open rows, and those whose end the record does not tell.

    A row can be lifted or removed by SQL; the chained event of its placing stays, and so does the hold.
    """
    rows = {hold.pk: hold for hold in LegalHold.objects.filter(lifted_at=None)}
    for hold in rows.values():
        yield hold.stream, hold.placed_at, hold.reason
    told = Event.objects.filter(stream=STREAM)
    lifted = {event.before["hold"] for event in told.filter(kind="hold.lifted")}
    for event in told.filter(kind="hold.placed").order_by("seq"):
        if event.after["hold"] not in lifted | rows.keys():
            yield event.after["stream"], event.at, event.reason


def _document(partition: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(partition)
        cursor.execute(_RANGES.format(partition=name))
        ranges = [list(row) for row in cursor.fetchall()]
        cursor.execute(_HASHES.format(partition=name))
        count = 0
        for (own,) in cursor.fetchall():
            digest.update(own.encode())
            count += 1
    return {
        "format": FORMAT,
        "partition": partition,
        "at": canonical.moment(clock.now()),
        "events": count,
        "hashes": digest.hexdigest(),
        "ranges": ranges,
    }


def _carry_out(partition: str, signed: keys.Signed) -> None:
    """Tombstone and drop in one transaction, as the retention role."""
    at = json.loads(signed.text)["at"]
    row = [partition, at, signed.text, signed.key_id, signed.signature]
    if settings.PORTAL_RETENTION_DATABASE_URL:
        with psycopg.connect(settings.PORTAL_RETENTION_DATABASE_URL) as own:  # commits at its end
            _as_retention(own.cursor(), partition, row)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        _as_retention(cursor, partition, row)
        cursor.execute("RESET ROLE")


def _as_retention(cursor: Any, partition: str, row: list[str]) -> None:
    cursor.execute("SET LOCAL ROLE hmhp_retention")
    cursor.execute(
        "INSERT INTO events_tombstone (partition, at, text, key_id, signature) VALUES (%s, %s, %s, %s, %s)",
        row,
    )
    cursor.execute(f"DROP TABLE {connection.ops.quote_name(partition)}")
