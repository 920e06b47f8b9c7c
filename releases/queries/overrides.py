"""Freezes that a release was let through: each named, for one span and one seal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from releases.models import FreezeOverride, Release
from releases.queries.calendar import Frozen

Passed = tuple[int, datetime]
"""A freeze by its id, and the start of the span that is passed."""


def overrides_of(release: Release) -> list[FreezeOverride]:
    """The overrides that hold for the release as it is sealed now, oldest first."""
    if not release.seal or release.pk is None:
        return []
    found = FreezeOverride.objects.filter(release=release, seal=release.seal)
    return list(found.select_related("freeze"))


def passed_by(overrides: Iterable[FreezeOverride]) -> set[Passed]:
    """What they let through."""
    return {(override.freeze_id, override.span_start) for override in overrides}


def still_stopping(spans: Iterable[Frozen], passed: Collection[Passed]) -> list[Frozen]:
    """The spans that nobody has overridden: an unnamed freeze still blocks."""
    return [span for span in spans if (span.freeze.pk, span.start) not in passed]
