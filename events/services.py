"""Write to the record. Called by every service, inside the transaction of the change itself."""

from __future__ import annotations

from typing import Any

from django.db import connection

from events import canonical, clock, names
from events.doorbell import ring
from events.fields import plain
from events.models import Event

_APPEND = """
INSERT INTO events_event (stream, kind, actor, at, reason, before, after, data)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id, seq, previous_hash, hash
"""


def record(
    stream: str,
    kind: str,
    actor: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> Event:
    """Append one event to `stream`; the database chains it, the doorbell rings after commit.

    Must run inside a transaction, last among its locks (ARCHITECTURE §4): the head row's lock
    is held until commit. Raises RuntimeError outside a transaction, ValueError for what JSON cannot hold.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("events.services.record needs the transaction of the change it records")
    event = Event(
        stream=stream,
        kind=kind,
        actor=actor,
        at=clock.now(),
        reason=names.hidden(reason),
        before=_plain(before),
        after=_plain(after),
        data=_plain(data) or {},
    )
    texts = [None if value is None else _text(value) for value in (event.before, event.after, event.data)]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [stream, kind, actor, event.at, event.reason, *texts])
        event.pk, event.seq, event.previous_hash, event.hash = cursor.fetchone()
    event._state.adding = False
    ring(stream)
    return event


def _plain(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """The value as the database will give it back, without names in its sentences."""
    if value is None:
        return None
    found: dict[str, Any] = names.hidden_in(plain(value))
    return found


def _text(value: dict[str, Any]) -> str:
    return canonical.dumps(value).decode() if value else "{}"
