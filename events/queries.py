"""Reading the record: a stream page by page, the whole record filtered.

Also the masking filter with the rules in force, which writers of lines from outside ask for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from events.masking import Masker
from events.models import Event, MaskingRules, StreamHead

PAGE = 50
MAX_PAGE = 500
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
