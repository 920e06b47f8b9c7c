"""Answers kept per actor and Idempotency-Key, so that a repeated call is answered, not done again."""

from __future__ import annotations

from django.db import models


class KeptAnswer(models.Model):
    """What a call under one key was answered. Written in the transaction of the change itself.

    `fingerprint` is SHA-256 over method, path and body: another call under the same key is refused.
    """

    actor = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True, help_text="JSON as it was sent")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        """One answer per actor and key."""

        db_table = "rest_kept_answer"
        constraints = (models.UniqueConstraint(fields=("actor", "key"), name="answer_once_per_key"),)

    def __str__(self) -> str:
        return f"{self.status} for {self.actor} under {self.key}"
