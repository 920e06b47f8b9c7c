"""Read the record and make messages: exactly once per event, kind and recipient.

Every stream has a mark; its row lock makes one reader, and messages and mark are one transaction.
A stream whose news cannot be told waits alone, with its error on the outbox. Called by the sweep.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Now

from events import clock
from events.models import Event, StreamHead
from notifications.audience import recipients
from notifications.identifiers import message_id, references
from notifications.letters.letter import Recipient
from notifications.letters.writing import write
from notifications.models import Mark, Message
from notifications.news import PREFIXES, TOLD_KINDS, News, news_of
from notifications.rendering import as_html, as_text
from notifications.services.reporting import report

log = logging.getLogger(__name__)

STREAMS_A_SWEEP = 200
LONGEST_WAIT = 300
"""Seconds between attempts at a stream that cannot be told, at most."""

NO_SERVER = "No mail server is set (PORTAL_SMTP_HOST), so it is kept here to be read."
PAST = "It tells of a past that was written afterwards, so it was never sent."


def read(*, deliver: bool = True) -> int:
    """Make the messages of everything that happened since the last reading; returns how many.

    `deliver=False` keeps them in the outbox unsent: for a past that is written afterwards.
    """
    kept = "" if deliver and settings.PORTAL_SMTP_HOST else (NO_SERVER if deliver else PAST)
    made = 0
    for stream in _behind():
        try:
            made += _read_stream(stream, kept)
        except Exception as error:  # one stream's trouble never stops the others
            log.exception("the news of %s could not be told", stream)
            _note_failure(stream, f"{type(error).__name__}: {error}"[:500])
    return made


def _behind() -> list[str]:
    read_already = Mark.objects.filter(stream=OuterRef("stream")).filter(
        Q(seq__gte=OuterRef("seq")) | Q(retry_at__gt=Now())
    )
    told = Q()
    for prefix in PREFIXES:
        told |= Q(stream__startswith=prefix)
    # A stop is told first. People log in by the hundred: their streams keep nothing else waiting.
    first, last = When(stream__startswith="stop/", then=0), When(stream__startswith="people/", then=2)
    heads = StreamHead.objects.filter(told, ~Exists(read_already), seq__gt=0)
    heads = heads.order_by(Case(first, last, default=1), "stream")
    return list(heads.values_list("stream", flat=True)[:STREAMS_A_SWEEP])


def _read_stream(stream: str, kept: str) -> int:
    made, more = 0, True
    while more:
        with transaction.atomic():
            more, count = _read_next(stream, kept)
        made += count
    return made


def _read_next(stream: str, kept: str) -> tuple[bool, int]:
    """Tell the next event that is told; (False, 0) when there is none or somebody else is reading."""
    Mark.objects.bulk_create([Mark(stream=stream)], ignore_conflicts=True)
    mark = Mark.objects.select_for_update(skip_locked=True).filter(pk=stream).first()
    if mark is None:
        return False, 0
    head = StreamHead.objects.get(pk=stream).seq
    ahead = Event.objects.filter(stream=stream, seq__gt=mark.seq, seq__lte=head, kind__in=TOLD_KINDS)
    event = ahead.order_by("seq").first()
    news = news_of(event) if event else None
    count = len(_messages(news, kept)) if news else 0
    mark.seq = event.seq if event else head
    mark.failures, mark.last_error, mark.retry_at = 0, "", None
    mark.save()
    return event is not None, count


def _messages(news: News, kept: str) -> list[Message]:
    """Store one message for everybody who is told."""
    made = Message.objects.bulk_create(_message(news, recipient, kept) for recipient in recipients(news))
    report(news.event.stream, news.event.seq, news.kind)
    return made


def _message(news: News, to: Recipient, kept: str) -> Message:
    letter = write(news, to)
    event = news.event
    message = Message(
        kind=news.kind,
        stream=event.stream,
        seq=event.seq,
        at=event.at,
        thread=event.stream,
        references=references(event.stream, to.email),
        message_id=message_id(event.stream, event.seq, news.kind, to.email),
        subject=letter.subject[:250],
        text=as_text(letter),
        html=as_html(letter),
        recipient_email=to.email,
        recipient_name=to.name,
        recipient_actor=to.actor,
        zone=to.zone,
        kept_reason=kept,
        created_at=clock.now(),
    )
    if kept:
        message.keep()
    return message


def _note_failure(stream: str, error: str) -> None:
    Mark.objects.bulk_create([Mark(stream=stream)], ignore_conflicts=True)
    failures = Mark.objects.values_list("failures", flat=True).get(pk=stream)
    wait = timedelta(seconds=min(LONGEST_WAIT, 2 ** min(failures + 1, 10)))
    Mark.objects.filter(pk=stream).update(failures=F("failures") + 1, last_error=error, retry_at=Now() + wait)
