"""What the clusters would make of a release, as it was kept for its signers."""

from __future__ import annotations

from events.models import Event
from releases.models import Release

PREVIEWED = "release.previewed"


def preview_of(release: Release) -> Event | None:
    """The newest preview of the seal that the release carries, or None."""
    if not release.seal:
        return None
    newest = Event.objects.filter(stream=release.stream, kind=PREVIEWED).order_by("-seq")[:5]
    return next((event for event in newest if event.data["seal"] == release.seal), None)
