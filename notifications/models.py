"""Stakeholders, how far each stream has been read, messages, and the state of the mail server.

Written by `notifications.services` and the platform file only.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django_fsm import FSMField, transition

from notifications.states import MailKind, MessageState

WAITING, SENDING, SENT = MessageState.WAITING.value, MessageState.SENDING.value, MessageState.SENT.value


class Stakeholder(models.Model):
    """Somebody outside the portal who is told of plans and their changes."""

    name = models.CharField(max_length=120)
    email = models.EmailField()
    zone = models.CharField(max_length=64, default="UTC")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One row an address."""

        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(Lower("email"), name="stakeholder_once"),)

    def __str__(self) -> str:
        return self.name


class Mark(models.Model):
    """How far a stream has been read. A stream that cannot be read waits alone, with its error."""

    stream = models.CharField(max_length=200, primary_key=True)
    seq = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.stream} read to {self.seq}"


class Message(models.Model):
    """One mail to one recipient about one event; its Message-ID is fixed when it is made."""

    kind = models.CharField(max_length=20, choices=MailKind.choices)
    stream = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    """Position of the event in its stream."""
    at = models.DateTimeField()
    """When the event happened, by the portal's clock."""
    thread = models.CharField(max_length=200)
    references = models.TextField(blank=True)
    message_id = models.CharField(max_length=200, unique=True)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField()
    recipient_email = models.EmailField()
    recipient_name = models.CharField(max_length=150, blank=True)
    recipient_actor = models.CharField(max_length=80, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    state = FSMField(default=WAITING, choices=MessageState.choices, protected=True)
    kept_reason = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    repeated = models.BooleanField(default=False)

    class Meta:
        """Exactly once per event, kind and recipient."""

        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(
                "stream", "seq", "kind", Lower("recipient_email"), name="message_once_per_event_and_recipient"
            ),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_known"),
            models.CheckConstraint(condition=Q(kind__in=MailKind.values), name="message_kind_known"),
            models.CheckConstraint(
                condition=~Q(state=SENT) | Q(sent_at__isnull=False), name="message_sent_has_time"
            ),
        )
        indexes = (
            models.Index(fields=("state", "not_before", "id"), name="message_to_send"),
            models.Index(fields=("thread", "recipient_email", "id"), name="message_by_thread"),
            models.Index(fields=("-at", "-id"), name="message_newest_first"),
        )

    def __str__(self) -> str:
        return f"{self.subject} → {self.recipient_email}: {self.state}"

    @property
    def status(self) -> MessageState:
        """The state, typed."""
        return MessageState(self.state)

    @property
    def tz(self) -> ZoneInfo:
        """The recipient's zone."""
        return ZoneInfo(self.zone)

    @transition(field=state, source=WAITING, target=MessageState.KEPT.value)
    def keep(self) -> None:
        """It is readable in the outbox and sent nowhere."""

    @transition(field=state, source=[WAITING, SENDING], target=SENDING)
    def hand_over(self) -> None:
        """The text is handed to the mail server from here on."""

    @transition(field=state, source=SENDING, target=SENT)
    def arrive(self) -> None:
        """The mail server has taken it."""

    @transition(field=state, source=[SENDING, WAITING], target=WAITING)
    def put_off(self) -> None:
        """The mail server has certainly not taken it; later again."""

    @transition(field=state, source=[SENDING, WAITING], target=MessageState.FAILED.value)
    def give_up(self) -> None:
        """The mail server refuses it for good."""

    @transition(field=state, source=MessageState.FAILED.value, target=WAITING)
    def try_again(self) -> None:
        """A person asks for another attempt."""


class MailServer(models.Model):
    """One row: who is sending (lease and fence) and what is wrong with the server, if anything.

    Times are the database's clock.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """There is one."""

        constraints = (models.CheckConstraint(condition=Q(id=1), name="mail_server_is_one"),)

    def __str__(self) -> str:
        return "mail server" + (f", failing since {self.failing_since:%H:%M}" if self.failing_since else "")
