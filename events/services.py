"""Write to the record. Called by every service, inside the transaction of the change itself."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from events import canonical, clock
from events.doorbell import ring
from events.models import Event, StreamHead


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
    """Append one event to `stream` and chain it; the doorbell rings after commit.

    Must run inside a transaction, last among its locks (ARCHITECTURE §4): the head row's lock
    is held until commit. Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("events.services.record needs the transaction of the change it records")
    head = _locked_head(stream)
    event = Event(
        stream=stream,
        seq=head.seq + 1,
        kind=kind,
        actor=actor,
        at=clock.now(),
        reason=reason,
        before=_plain(before),
        after=_plain(after),
        data=_plain(data) or {},
        previous_hash=head.hash,
    )
    event.hash = canonical.sha256(event.content())
    event.save(force_insert=True)
    head.seq, head.hash = event.seq, event.hash
    head.save(update_fields=("seq", "hash"))
    ring(stream)
    return event


def _locked_head(stream: str) -> StreamHead:
    StreamHead.objects.bulk_create([StreamHead(stream=stream)], ignore_conflicts=True)
    return StreamHead.objects.select_for_update().get(pk=stream)


def _plain(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """The value as the database will give it back, so that the hash can be computed again."""
    if value is None:
        return None
    plain: dict[str, Any] = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    return plain
