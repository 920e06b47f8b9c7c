"""Reading the record: a stream page by page, the whole record filtered, the check of a chain.

Also the masking filter with the rules in force, which writers of lines from outside ask for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from events import canonical
from events.masking import Masker
from events.models import Event, MaskingRules, StreamHead

PAGE = 50
MAX_PAGE = 500
_START = "0" * 64
_RULES_SECONDS = 3.0
_masker: tuple[float, Masker] | None = None


def page(stream: str, *, before: int | None = None, limit: int = PAGE) -> list[Event]:
    """The newest events of a stream, newest first; with `before`, those below that position."""
    events = Event.objects.filter(stream=stream)
    if before is not None:
        events = events.filter(seq__lt=before)
    return list(events.order_by("-seq")[: _bounded(limit)])


def after(stream: str, seq: int, limit: int = MAX_PAGE) -> list[Event]:
    """What happened in a stream after position `seq`, in order."""
    return list(Event.objects.filter(stream=stream, seq__gt=seq).order_by("seq")[: _bounded(limit)])


def head(stream: str) -> int:
    """The newest position of a stream; 0 when nothing happened."""
    found = StreamHead.objects.filter(pk=stream).values_list("seq", flat=True).first()
    return found or 0


def listing(
    *,
    stream: str = "",
    kinds: Iterable[str] = (),
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Event]:
    """The whole record, newest first, filtered. `stream` ending in `/` means all that begin with it."""
    events = Event.objects.order_by("-at", "-id")
    if stream:
        events = (
            events.filter(stream__startswith=stream) if stream.endswith("/") else events.filter(stream=stream)
        )
    wanted = list(kinds)
    if wanted:
        events = events.filter(kind__in=wanted)
    if actor:
        events = events.filter(actor=actor)
    if since is not None:
        events = events.filter(at__gte=since)
    if until is not None:
        events = events.filter(at__lt=until)
    return events


@dataclass(frozen=True, slots=True)
class Verification:
    """What the check of a chain found. `broken_at` is the first position that does not fit."""

    stream: str
    checked: int
    broken_at: int | None
    sentence: str

    @property
    def unbroken(self) -> bool:
        """True when every event stands as it was written and none is missing."""
        return self.broken_at is None


def verify(stream: str) -> Verification:
    """Compute the chain of a stream anew: order, every hash, and the head (HIPAA 164.312(c)(1))."""
    previous, seq = _START, 0
    for event in Event.objects.filter(stream=stream).order_by("seq").iterator(chunk_size=500):
        fault = _fault(event, seq + 1, previous)
        if fault:
            return Verification(stream, seq, seq + 1, fault)
        previous, seq = event.hash, event.seq
    found = StreamHead.objects.filter(pk=stream).first()
    if (found.seq, found.hash) != (seq, previous) if found else seq > 0:
        return Verification(
            stream, seq, seq + 1, f"The end is missing: the record of {stream} does not reach its own head."
        )
    return Verification(stream, seq, None, f"{seq} event(s) of {stream} stand as they were written.")


def _fault(event: Event, position: int, previous: str) -> str:
    if event.seq != position:
        return f"Event {position} of {event.stream} is missing."
    if event.previous_hash != previous:
        return f"Event {position} of {event.stream} does not follow the one before it."
    if canonical.sha256(event.content()) != event.hash:
        return f"Event {position} of {event.stream} is not what was written."
    return ""


def masker() -> Masker:
    """The filter with the rules in force; a change of the rules counts within three seconds."""
    global _masker
    moment = time.monotonic()
    if _masker is None or moment - _masker[0] > _RULES_SECONDS:
        rules = MaskingRules.objects.filter(id=1).first()
        _masker = (moment, Masker(rules.patterns, rules.fields) if rules else Masker())
    return _masker[1]


def _bounded(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))
