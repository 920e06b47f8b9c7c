"""What the checks found; read by `releases` and by pages."""

from __future__ import annotations

from compliance.models import Finding
from compliance.states import OPEN


def newest(subject: str) -> list[Finding]:
    """The newest finding of each check about this subject."""
    rows = Finding.objects.filter(subject=subject).order_by("check_name", "-id").distinct("check_name")
    return list(rows)


def still_open(subject: str) -> list[Finding]:
    """The newest findings that failed or are unknown."""
    return [finding for finding in newest(subject) if finding.verdict in OPEN]
