"""Events: what happened, in order within a stream, each chained to the one before by hash."""

from __future__ import annotations

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class StreamHead(models.Model):
    """The newest position of a stream. Its row lock makes `seq` unique and the chain unbroken."""

    stream = models.CharField(max_length=200, primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        """Table facts."""

        db_table = "events_stream_head"

    def __str__(self) -> str:
        return f"{self.stream} at {self.seq}"


class Event(models.Model):
    """One thing that happened. Written by `events.services.record` only, never changed.

    `actor` is an opaque id (`person:…`, `service:…`, `system:…`): this app knows no person.
    """

    id = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=80)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    reason = models.TextField(blank=True, default="")
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        """Order and uniqueness within a stream."""

        db_table = "events_event"
        ordering = ("stream", "seq")
        constraints = (models.UniqueConstraint(fields=("stream", "seq"), name="event_once_per_position"),)
        indexes = (
            models.Index(fields=("at",), name="event_by_time"),
            models.Index(fields=("kind", "at"), name="event_by_kind"),
            models.Index(fields=("actor", "at"), name="event_by_actor"),
        )

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.kind}"

    def content(self) -> dict[str, Any]:
        """What the hash covers, as plain JSON values."""
        return {
            "stream": self.stream,
            "seq": self.seq,
            "kind": self.kind,
            "actor": self.actor,
            "at": self.at.isoformat(),
            "reason": self.reason,
            "before": self.before,
            "after": self.after,
            "data": self.data,
            "previous_hash": self.previous_hash,
        }


class MaskingRules(models.Model):
    """What lines from outside are cleared of besides the built-in patterns; the platform file's one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    patterns = models.JSONField(default=list)
    fields = models.JSONField(default=list)

    class Meta:
        """There is one row."""

        db_table = "events_masking_rules"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="masking_rules_once"),)

    def __str__(self) -> str:
        return f"{len(self.patterns)} patterns, {len(self.fields)} fields"
