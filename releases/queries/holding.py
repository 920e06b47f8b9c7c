"""Which approved releases a freeze holds, at the moment when they could start at the earliest.

Readiness judges it for one release with all its facts; this is for the sentences of many, in three queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from deployments.queries import production
from events import clock
from releases.models import Freeze, FreezeOverride, Release
from releases.queries.calendar import Frozen, freezes, frozen
from releases.queries.overrides import still_stopping


def meets_freeze() -> Exists:
    """Annotates a release with whether a freeze may meet its window: without one, nothing is read for it."""
    once = Q(starts_at__lt=OuterRef("window_end"), ends_at__gt=OuterRef("window_start"))
    return Exists(Freeze.objects.filter(removed_at=None).filter(Q(starts_at=None) | once))


def held(releases: Sequence[Release]) -> dict[int, Frozen]:
    """By release id, the span that holds it longest; only releases whose window is not over."""
    now = clock.now()
    earliest = {
        release: max(now, release.window_start)
        for release in releases
        if release.window_start is not None
        and release.window_end is not None
        and now < release.window_end
        and getattr(release, "meets_freeze", True)
    }
    among = freezes() if earliest else []
    if not among:
        return {}
    environment = production().name
    spans = {
        release: frozen(at, _just_after(at), environment=environment, kind=release.kind, among=among)
        for release, at in earliest.items()
    }
    met = [release for release, found in spans.items() if found]
    passed = _passed(met) if met else set()
    left = {
        release.pk: still_stopping(
            spans[release], {(freeze, at) for pk, freeze, at in passed if pk == release.pk}
        )
        for release in met
    }
    return {pk: max(found, key=lambda span: span.end) for pk, found in left.items() if found}


def _just_after(at: datetime) -> datetime:
    return at + timedelta(seconds=1)


def _passed(releases: Sequence[Release]) -> set[tuple[int, int, datetime]]:
    """(release, freeze, start of the span) of the overrides that hold for the seals of now."""
    seals = {release.pk: release.seal for release in releases}
    rows = FreezeOverride.objects.filter(release_id__in=seals)
    found = rows.values_list("release_id", "freeze_id", "span_start", "seal")
    return {(pk, freeze, start) for pk, freeze, start, seal in found if seal and seal == seals[pk]}
