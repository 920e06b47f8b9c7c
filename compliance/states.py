"""Verdicts of a check; `unknown` never passes."""

from __future__ import annotations

from django.db import models


class FindingVerdict(models.TextChoices):
    """What a check found."""

    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    UNKNOWN = "unknown", "Unknown"
    WAIVED = "waived", "Waived"


OPEN = frozenset({FindingVerdict.FAIL, FindingVerdict.UNKNOWN})
"""The verdicts that keep a point open."""
