"""Findings: what a check saw of a subject, when, and which controls it speaks for. Append-only."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from compliance.states import FindingVerdict


class Finding(models.Model):
    """One check's verdict about one subject (`release/2026.11.0` by its stream). The newest counts."""

    check_name = models.CharField(max_length=60, db_column="check")
    controls = models.JSONField(default=list)
    """References into the rules that the check speaks for, such as "HIPAA 164.312(c)(1)"."""
    subject = models.CharField(max_length=100)
    stream = models.CharField(max_length=200)
    verdict = models.CharField(max_length=10, choices=FindingVerdict.choices)
    sentence = models.TextField()
    at = models.DateTimeField()
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        """Known verdicts, each with its sentence."""

        ordering = ("id",)
        indexes = (models.Index(fields=("subject", "check_name", "-id"), name="finding_newest"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(verdict__in=FindingVerdict.values), name="finding_verdict_known"
            ),
            models.CheckConstraint(condition=~Q(sentence=""), name="finding_has_sentence"),
        )

    def __str__(self) -> str:
        return f"{self.check_name} of {self.subject}: {self.verdict}"
