"""What the clusters would make of a release, taken for its signers and kept as an event on its record.

Taken outside any transaction once its gate opens, again for each new seal. Preflight takes the same
again and stops before the first write when it differs.
"""

from __future__ import annotations

from django.core.cache import cache

from deployments import queries as deployments
from deployments.services.previewing import previews
from events.models import Event
from events.services import record
from events.wake import wake
from releases.models import Release
from releases.queries.previews import PREVIEWED, preview_of
from releases.states import ReleaseState

ENGINE = "system:engine"
AGAIN_SECONDS = 30
"""A preview that could not be taken whole is tried again after this."""

SIGNED_STATES = (ReleaseState.REVIEW.value, ReleaseState.APPROVED.value)


def wake_where_missing() -> None:
    """Have previews taken for releases that are to be signed and have none; called by the sweep."""
    for release in Release.objects.filter(state__in=SIGNED_STATES, content__has_key="objects"):
        if _missing(release) and cache.add(f"preview-{release.pk}-{release.seal}", 1, AGAIN_SECONDS):
            wake("releases.tasks.preview", release.pk)


def take(release_id: int) -> Event | None:
    """Ask every target of production what it would change, and keep it; None where nothing can be told."""
    release = Release.objects.get(pk=release_id)
    if release.state not in SIGNED_STATES or "objects" not in release.content:
        return None
    production = deployments.production()
    slot = release.content_hash[:8]
    found = previews(production, release.content, slot, release.version)
    if not found or Release.objects.get(pk=release_id).seal != release.seal:
        return None
    what = {
        "gate": release.gate_id,
        "seal": release.seal,
        "content_hash": release.content_hash,
        "regions": found,
    }
    return record(release.stream, PREVIEWED, ENGINE, data=what)


def _missing(release: Release) -> bool:
    event = preview_of(release)
    return event is None or any("error" in told for told in event.data["regions"].values())
