"""Dossiers that were asked for: what they cover, how far their making has come, and the archive itself."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class DossierRequest(models.Model):
    """One archive for the auditor, of a release or of a period. Made by a task; kept for a week."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    release = models.CharField(max_length=100, blank=True, help_text="version; empty for a period")
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=80, help_text="actor id")
    asked_at = models.DateTimeField()
    percent = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    archive = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        """A release or a period, never both."""

        db_table = "desk_dossier_request"
        ordering = ("-asked_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=(~Q(release="") & Q(since=None, until=None))
                | (Q(release="", since__isnull=False, until__gt=models.F("since"))),
                name="dossier_of_release_or_period",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What it covers, in words."""
        if self.release or self.since is None or self.until is None:
            return f"Release {self.release}"
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"

    @property
    def filename(self) -> str:
        """How the archive is called when it is taken away."""
        if self.release or self.since is None or self.until is None:
            return f"dossier-{self.release}.zip"
        return f"dossier-{self.since:%Y%m%d}-{self.until:%Y%m%d}.zip"
