"""Write to the record. Called by every service, inside the transaction of the change itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from events import canonical, clock, names
from events.doorbell import ring
from events.fields import plain
from events.models import Event

_APPEND = """
INSERT INTO events_event (stream, kind, actor, at, reason, before, after, data)
VALUES {} RETURNING id, seq, previous_hash, hash
"""
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s)"

_together = threading.local()


class _Kept:
    """An event that waits for the end of its block, among what waits for the commit: a savepoint that is
    taken back takes it along."""

    def __init__(self, event: Event, block: object) -> None:
        self.event = event
        self.block = block

    def __call__(self) -> None:
        """Nothing is left to do at the commit."""


@contextmanager
def written_together() -> Iterator[None]:
    """What this thread records within the block is appended in one go when it ends well, last of all locks.

    Until then an event has no position and no hash; one whose savepoint is taken back is never appended. The
    block lies within one transaction.
    """
    if getattr(_together, "block", None) is not None:
        yield
        return
    _together.block = block = object()
    try:
        yield
    finally:
        _together.block = None
    waiting = [call for _, call, *_ in connection.run_on_commit if isinstance(call, _Kept)]
    if events := [call.event for call in waiting if call.block is block]:
        _append(events)


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
    is held until commit; within `written_together` it is appended at that block's end. Raises RuntimeError
    outside a transaction, ValueError for what JSON cannot hold.
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
    block = getattr(_together, "block", None)
    if block is None:
        _append([event])
    else:
        transaction.on_commit(_Kept(event, block))
    ring(stream)
    return event


def _append(events: Sequence[Event]) -> None:
    """In the order in which they were recorded; the database chains each to the one before."""
    values: list[Any] = []
    for event in events:
        values += [event.stream, event.kind, event.actor, event.at, event.reason]
        values += [None if v is None else _text(v) for v in (event.before, event.after, event.data)]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND.format(", ".join([_ROW] * len(events))), values)
        for event, told in zip(events, cursor.fetchall(), strict=True):
            event.pk, event.seq, event.previous_hash, event.hash = told
            event._state.adding = False


def _plain(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """The value as the database will give it back, without names in its sentences."""
    if value is None:
        return None
    found: dict[str, Any] = names.hidden_in(plain(value))
    return found


def _text(value: dict[str, Any]) -> str:
    return canonical.dumps(value).decode() if value else "{}"
