"""Events: what happened, in order within a stream, each chained to the one before by hash.

Around them: checkpoints that seal the heads of all streams, tombstones of what was kept long enough,
legal holds, and how the last check of the whole went.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from events import canonical
from events.fields import CanonicalJSON


class StreamHead(models.Model):
    """The newest position of a stream. Its row lock makes `seq` unique and the chain unbroken.

    Written by the database itself when an event is inserted (0002).
    """

    stream = models.CharField(max_length=200, primary_key=True, db_collation="C")
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)
    previous_hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        """Table facts."""

        db_table = "events_stream_head"

    def __str__(self) -> str:
        return f"{self.stream} at {self.seq}"


class Event(models.Model):
    """One thing that happened. Written by `events.services.record` only, never changed.

    `actor` is an opaque id (`person:…`, `service:…`, `system:…`): this app knows no person. The table is
    partitioned by month, and `seq`, `previous_hash` and `hash` are set by the database (0002).
    """

    id = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=200, db_collation="C")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=80)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    reason = models.TextField(blank=True, default="")
    before = CanonicalJSON(null=True)
    after = CanonicalJSON(null=True)
    data = CanonicalJSON(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        """Order within a stream. A unique key of a partitioned table holds the partition's column too."""

        db_table = "events_event"
        ordering = ("stream", "seq")
        constraints = (models.UniqueConstraint(fields=("stream", "seq", "at"), name="event_once"),)
        indexes = (
            models.Index(fields=("at", "id"), name="event_by_time"),
            models.Index(fields=("kind", "at"), name="event_by_kind"),
            models.Index(fields=("actor", "at"), name="event_by_actor"),
        )

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.kind}"

    def content(self) -> dict[str, Any]:
        """What the hash covers, as plain JSON values; its canonical text is what is hashed."""
        return {
            "stream": self.stream,
            "seq": self.seq,
            "kind": self.kind,
            "actor": self.actor,
            "at": canonical.moment(self.at),
            "reason": self.reason,
            "before": self.before,
            "after": self.after,
            "data": self.data,
            "previous_hash": self.previous_hash,
        }


class Checkpoint(models.Model):
    """The heads of all streams at one moment, signed, each checkpoint chained to the one before.

    `text` is the canonical JSON that was signed; it holds the hash over the entries and `previous`, the
    hash of the checkpoint before. Append-only (0003).
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    text = models.TextField()
    hash = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=100)

    class Meta:
        """One chain."""

        db_table = "events_checkpoint"
        ordering = ("number",)

    def __str__(self) -> str:
        return f"checkpoint {self.number}"


class CheckpointEntry(models.Model):
    """A stream whose head had moved since the checkpoint before, and where it stood. Append-only."""

    checkpoint = models.ForeignKey(
        Checkpoint, models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    stream = models.CharField(max_length=200, db_collation="C")
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        """A position is sealed once."""

        db_table = "events_checkpoint_entry"
        constraints = (
            models.UniqueConstraint(fields=("stream", "seq"), name="position_sealed_once"),
            models.UniqueConstraint(fields=("checkpoint", "stream"), name="stream_once_per_checkpoint"),
        )

    def __str__(self) -> str:
        return f"{self.stream} at {self.seq}"


class SealedHead(models.Model):
    """How far each stream is sealed by checkpoints; tells which heads have moved since."""

    stream = models.CharField(max_length=200, primary_key=True, db_collation="C")
    seq = models.BigIntegerField()

    class Meta:
        """Apart from the heads, so that a checkpoint never waits for a writer."""

        db_table = "events_sealed_head"

    def __str__(self) -> str:
        return f"{self.stream} sealed to {self.seq}"


class HeadSent(models.Model):
    """Where the newest checkpoint was taken to outside this machine; one row a channel."""

    channel = models.CharField(max_length=200, primary_key=True)
    number = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        """Rows are kept up to date."""

        db_table = "events_head_sent"

    def __str__(self) -> str:
        return f"{self.channel}: checkpoint {self.number}"


class Tombstone(models.Model):
    """A month of events that was kept long enough and dropped: what it held, signed. Append-only.

    `text` is the canonical JSON that was signed: month, number of events, and for every stream the
    ranges of positions with the hash before the first and of the last.
    """

    partition = models.CharField(max_length=63, primary_key=True)
    at = models.DateTimeField()
    text = models.TextField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=100)

    class Meta:
        """One a partition."""

        db_table = "events_tombstone"
        ordering = ("partition",)

    def __str__(self) -> str:
        return self.partition


class LegalHold(models.Model):
    """What must not be dropped although its time is over: all streams that begin with `stream`."""

    stream = models.CharField(max_length=200, blank=True, help_text="empty: the whole record")
    reason = models.TextField()
    placed_by = models.CharField(max_length=80, help_text="actor id")
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=80, blank=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_reason = models.TextField(blank=True)

    class Meta:
        """Placed and lifted with a reason, never deleted."""

        db_table = "events_legal_hold"
        ordering = ("-placed_at", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(reason=""), name="hold_has_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at=None)
                | (Q(lifted_at__gte=F("placed_at")) & ~Q(lifted_reason="") & ~Q(lifted_by="")),
                name="hold_lifted_with_reason",
            ),
        )

    def __str__(self) -> str:
        return f"hold on {self.stream or 'the whole record'}"


class ChainCheck(models.Model):
    """One check of the whole record: when, how much, and the first thing that was wrong, if any."""

    at = models.DateTimeField()
    events = models.BigIntegerField()
    seconds = models.FloatField()
    problem = models.TextField(blank=True)

    class Meta:
        """The newest one is shown."""

        db_table = "events_chain_check"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.problem or f"{self.events} events stand"


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
