"""All checks in one snapshot of the database, and what came of them on the record of checks."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from events import clock, keys
from events.heads import Head
from events.models import ChainCheck, StreamHead
from events.verification import checkpoints, streams
from events.verification.faults import Fault
from events.verification.tombstones import Dropped
from platforms.keys.base import PublicKey


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was checked, in how many seconds, and the first thing that is wrong ("" when nothing is)."""

    events: int
    streams: int
    checkpoints: int
    seconds: float
    problem: str = ""


def verify(*, head: Head | None = None, public: Iterable[PublicKey] | None = None) -> Outcome:
    """Check the whole record; with `head` also that it continues what stood when that head was kept.

    `public` are the keys to trust: a copy handed over earlier, else those of the portal's own keeper.
    Raises CannotSign when neither can be read.
    """
    known = tuple(keys.public_keys() if public is None else public)
    began = time.perf_counter()
    walked, count, problem = streams.Walked(), 0, ""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if not connection.savepoint_ids:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if head is not None:
                checkpoints.check_head(head, known)
            dropped = Dropped.read(known)
            count = checkpoints.check(known)
            walked, ends = streams.walk(dropped)
            _check_heads(ends, dropped)
            checkpoints.check_sealed(dropped)
    except Fault as fault:
        problem = str(fault)
    return Outcome(walked.events, walked.streams, count, time.perf_counter() - began, problem)


def verify_and_note() -> Outcome:
    """Check everything and keep what came of it, for the page."""
    outcome = verify()
    ChainCheck.objects.create(
        at=clock.now(), events=outcome.events, seconds=outcome.seconds, problem=outcome.problem
    )
    return outcome


def _check_heads(ends: dict[str, streams.End], dropped: Dropped) -> None:
    """Every stream reaches its head, and every head has its stream."""
    heads = {h.stream: h for h in StreamHead.objects.filter(seq__gt=0)}
    for stream in sorted({*heads, *ends, *dropped.streams()}):
        streams.compare_head(stream, heads.get(stream), ends.get(stream), dropped)
