"""Hand waiting messages to the mail server: one sender at a time, never lost, repeated only if marked.

A message is `waiting` until just before its text goes out, then `sending` (committed), then `sent`.
Whatever died in between left it in `sending`: it goes out again under the same Message-ID, marked.
Lease and waits are the database's clock. Called by the sweep.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from events import clock
from notifications import mime
from notifications.models import MailServer, Message
from notifications.services.reporting import ON_THE_WAY, report
from notifications.smtp import Conversation, Doubtful, Refused, ServerAddress, ServerTrouble
from notifications.states import MessageState

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=12)
"""How long a dead sender keeps others out; a living one renews it every RENEW_SECONDS."""
RENEW_SECONDS = 3.0
SWEEP_SECONDS = 20.0
LONGEST_WAIT = 300
LONGEST_PAUSE = 3600
GIVE_UP_AFTER = 50
"""Attempts at a message that the server keeps putting off: about two days."""


def server_address() -> ServerAddress:
    """The mail server of the settings."""
    return ServerAddress(
        settings.PORTAL_SMTP_HOST,
        settings.PORTAL_SMTP_PORT,
        settings.PORTAL_SMTP_USER,
        settings.PORTAL_SMTP_PASSWORD,
        settings.PORTAL_SMTP_TLS,
    )


def due() -> QuerySet[Message]:
    """What should go out now, oldest first; `sending` is due too, for its sender has died."""
    ready = Q(not_before=None) | Q(not_before__lte=Now())
    return Message.objects.filter(ready, state__in=ON_THE_WAY).order_by("id")


def deliver() -> int:
    """Send what is due for as long as a sweep may last; returns how many the server took."""
    if not settings.PORTAL_SMTP_HOST or not due().exists():
        return 0
    fence = _take_lease()
    if fence is None:
        return 0
    sent, until = 0, time.monotonic() + SWEEP_SECONDS
    conversation: Conversation | None = None
    renewing = Renewing(fence)
    try:
        while time.monotonic() < until and (message := due().first()):
            conversation = conversation or Conversation(server_address())
            sent += _send(conversation, message.pk, fence)
    except ServerTrouble as trouble:
        _note_trouble(fence, str(trouble))
    finally:
        if conversation is not None:
            conversation.close()
        renewing.end()
        MailServer.objects.filter(fence=fence).update(lease_until=None)
    return sent


class Renewing(threading.Thread):
    """Renews the lease while the sender waits for a slow server; ends with it, or when it is lost."""

    def __init__(self, fence: int) -> None:
        super().__init__(daemon=True, name="mail-lease")
        self._fence = fence
        self._over = threading.Event()
        self.start()

    def end(self) -> None:
        """Renew no more."""
        self._over.set()
        self.join(5)

    def run(self) -> None:
        """Until `end`; a database that is away for a moment is asked again."""
        try:
            while not self._over.wait(RENEW_SECONDS):
                try:
                    held = MailServer.objects.filter(fence=self._fence, lease_until__isnull=False)
                    if not held.update(lease_until=Now() + LEASE):
                        return
                except DatabaseError as error:
                    log.warning("the lease of the sender is not renewed: %s", type(error).__name__)
                    connection.close()
        finally:
            connection.close()


def _send(conversation: Conversation, message_id: int, fence: int) -> bool:
    message = Message.objects.get(pk=message_id)
    try:
        conversation.envelope(mime.sender().addr_spec, mime.recipient(message).addr_spec)
        if (claimed := _claim(message_id, fence)) is None:
            raise ServerTrouble("another process has taken over the sending")
        conversation.hand_over(mime.payload(claimed))
    except Refused as refusal:
        _put_off(message_id, str(refusal), for_good=refusal.for_good)
        return False
    except mime.Unsendable as error:
        _put_off(message_id, str(error), for_good=True)
        return False
    except Doubtful as doubt:
        _leave_in_doubt(message_id, str(doubt))
        raise
    except ServerTrouble as trouble:
        _put_back(message_id, fence, str(trouble))
        raise
    _note_sent(message_id, fence)
    return True


@transaction.atomic
def _claim(message_id: int, fence: int) -> Message | None:
    """Write `sending` before the text goes out; None when the lease was lost to somebody else."""
    if not MailServer.objects.select_for_update().filter(fence=fence).update(lease_until=Now() + LEASE):
        return None
    message = Message.objects.select_for_update().get(pk=message_id)
    message.repeated = message.repeated or message.status == MessageState.SENDING
    message.hand_over()
    message.attempts += 1
    message.sending_at = clock.now()
    message.save()
    return message


@transaction.atomic
def _note_sent(message_id: int, fence: int) -> None:
    message = Message.objects.select_for_update().get(pk=message_id)
    message.arrive()
    message.sent_at = clock.now()
    message.last_error = ""
    message.save()
    report(message.stream, message.seq, message.kind)
    well = {"failing_since": None, "failures": 0, "last_error": "", "retry_at": None}
    MailServer.objects.filter(fence=fence).update(**well)


@transaction.atomic
def _put_off(message_id: int, error: str, *, for_good: bool) -> None:
    """The server refused this message: later again, or for a person to look at."""
    message = Message.objects.select_for_update().get(pk=message_id)
    if message.status == MessageState.WAITING:
        message.attempts += 1
    if for_good or message.attempts >= GIVE_UP_AFTER:
        message.give_up()
    else:
        message.put_off()
    message.last_error = error
    message.save()
    _pause(message)
    report(message.stream, message.seq, message.kind)


@transaction.atomic
def _put_back(message_id: int, fence: int, error: str) -> None:
    """The text certainly did not arrive whole: not a repeat next time, unless it was one already."""
    message = Message.objects.select_for_update().get(pk=message_id)
    ours = MailServer.objects.filter(fence=fence).exists()
    if message.status == MessageState.SENDING and ours and not message.repeated:
        message.put_off()
    message.last_error = error
    message.save()


@transaction.atomic
def _leave_in_doubt(message_id: int, error: str) -> None:
    message = Message.objects.select_for_update().get(pk=message_id)
    message.last_error = error
    message.save()
    _pause(message)


def _pause(message: Message) -> None:
    wait = timedelta(seconds=min(LONGEST_PAUSE, 15 * 2 ** min(message.attempts, 10)))
    Message.objects.filter(pk=message.pk).update(not_before=Now() + wait)


@transaction.atomic
def _take_lease() -> int | None:
    """Become the one sender, or None while another is or the server rests."""
    MailServer.objects.bulk_create([MailServer()], ignore_conflicts=True)
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    rested = Q(retry_at=None) | Q(retry_at__lte=Now())
    server = MailServer.objects.select_for_update(skip_locked=True).filter(free, rested).first()
    if server is None:
        return None
    MailServer.objects.update(fence=F("fence") + 1, lease_until=Now() + LEASE)
    return server.fence + 1


def _note_trouble(fence: int, error: str) -> None:
    failures = MailServer.objects.values_list("failures", flat=True).get()
    wait = timedelta(seconds=min(LONGEST_WAIT, 2 ** min(failures + 1, 10)))
    log.warning("the mail server %s cannot be used: %s", server_address(), error)
    MailServer.objects.filter(fence=fence).update(
        failures=F("failures") + 1,
        failing_since=Coalesce("failing_since", Now()),
        last_error=error,
        retry_at=Now() + wait,
    )
