"""Banners of a release's page: what is unusual now and what can be done about it.

In: a release. Out: `Banner`s, worst first; an ordinary state has none. Called by the release's tabs.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployments.models import EnvironmentLock
from releases.models import Release
from releases.states import ReleaseState

S = ReleaseState


@dataclass(frozen=True, slots=True)
class Banner:
    """A title and one or two sentences; acts stand at the head of the page."""

    tone: str
    icon: str
    title: str
    sentences: tuple[str, ...]


def banners(release: Release) -> list[Banner]:
    """What stands out about this release."""
    made: list[Banner] = []
    if release.status == S.ROLLED_BACK:
        made.append(_rolled_back(release))
    if release.status in (S.REJECTED, S.CANCELLED, S.SUPERSEDED) and release.closing_reason:
        tone = "bad" if release.status == S.REJECTED else "hold"
        titles = {S.REJECTED: "No-go.", S.CANCELLED: "Cancelled.", S.SUPERSEDED: "Replaced."}
        made.append(Banner(tone, "hand", titles[release.status], (release.closing_reason,)))
    if release.status == S.MONITORING and release.extended_because:
        made.append(Banner("watch", "pulse", "Monitoring was extended.", (release.extended_because,)))
    if release.emergency:
        made.append(Banner("watch", "alert", "Emergency release.", (release.emergency_reason,)))
    if release.status in (S.APPROVED, S.REVIEW):
        made.extend(_locked())
    return made


def _rolled_back(release: Release) -> Banner:
    told = release.lessons.last()
    run = release.production_run
    sentence = run.sentence if run else ""
    if told is None:
        waits = "Production stays locked for ordinary releases until cause and lessons are written down."
        return Banner("bad", "back", "Rolled back.", tuple(filter(None, (sentence, waits))))
    return Banner(
        "bad",
        "back",
        "Rolled back.",
        tuple(filter(None, (sentence, f"Cause: {told.cause}", f"Learned: {told.lessons}"))),
    )


def _locked() -> list[Banner]:
    open_locks = EnvironmentLock.objects.filter(lifted_at=None).select_related("environment")
    return [
        Banner("hold", "lock", f"{lock.environment.name.capitalize()} is locked.", (lock.reason,))
        for lock in open_locks
    ]
