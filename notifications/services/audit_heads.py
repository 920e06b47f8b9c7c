"""The head of the audit trail by e-mail, to the addresses of the settings, at most once in some hours.

Who keeps the mail can tell later whether the record is a continuation of what stood then. Called by the
sweep; the outbox sends it like any other message.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape

from django.conf import settings
from django.db import transaction

from events import clock, delivery, heads
from events.checkpoints import newest
from events.models import Checkpoint, HeadSent
from notifications.identifiers import message_id, references
from notifications.models import Message
from notifications.services.reading import NO_SERVER
from notifications.states import MailKind

STREAM = "audit"
CHANNEL = "mail"


@transaction.atomic
def write() -> int:
    """Put the newest head into the outbox if it is time; returns how many messages were made."""
    checkpoint = newest() if settings.PORTAL_AUDIT_HEAD_MAIL else None
    if checkpoint is None or not _due(checkpoint):
        return 0
    made = [_message(checkpoint, address) for address in settings.PORTAL_AUDIT_HEAD_MAIL]
    Message.objects.bulk_create(made, ignore_conflicts=True)
    delivery.note(CHANNEL, checkpoint.number)
    return len(made)


def _due(checkpoint: Checkpoint) -> bool:
    HeadSent.objects.get_or_create(channel=CHANNEL)
    last = HeadSent.objects.select_for_update().get(channel=CHANNEL)
    pause = timedelta(hours=settings.PORTAL_AUDIT_HEAD_MAIL_HOURS)
    return last.number < checkpoint.number and (last.at is None or clock.now() - last.at >= pause)


def _message(checkpoint: Checkpoint, address: str) -> Message:
    document = heads.written(checkpoint)
    words = (
        f"Checkpoint {checkpoint.number} of the audit trail, made {checkpoint.at:%Y-%m-%d %H:%M:%S} UTC.\n\n"
        "Keep this mail where nobody who runs the portal can change it. Saved as a file, the lines below\n"
        "are what `verify_audit --head FILE` compares the record with.\n\n"
    )
    message = Message(
        kind=MailKind.AUDIT_HEAD,
        stream=STREAM,
        seq=checkpoint.number,
        at=clock.now(),
        thread=STREAM,
        references=references(STREAM, address),
        message_id=message_id(STREAM, checkpoint.number, MailKind.AUDIT_HEAD, address),
        subject=f"Audit trail, checkpoint {checkpoint.number}: {checkpoint.hash[:16]}",
        text=words + document,
        html=f"<p>{escape(words)}</p><pre>{escape(document)}</pre>",
        recipient_email=address,
        kept_reason="" if settings.PORTAL_SMTP_HOST else NO_SERVER,
        created_at=clock.now(),
    )
    if message.kept_reason:
        message.keep()
    return message
