"""Banners of a release's page: what is unusual now and what can be done about it.

In: a release. Out: `Banner`s, worst first; an ordinary state has none. Called by the release's tabs.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actors import Actor
from approvals.acts import Act
from deployments.models import EnvironmentLock
from releases.models import Release
from releases.states import ReleaseState
from releases.verbs import Verb
from releases.views import acts

S = ReleaseState


@dataclass(frozen=True, slots=True)
class Banner:
    """A title, one or two sentences, and at most one act."""

    tone: str
    icon: str
    title: str
    sentences: tuple[str, ...]
    act: Act | None = None


def banners(release: Release, actor: Actor) -> list[Banner]:
    """What stands out about this release."""
    made: list[Banner] = []
    if release.status == S.ROLLED_BACK:
        made.append(_rolled_back(release, actor))
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


def _rolled_back(release: Release, actor: Actor) -> Banner:
    told = release.lessons.last()
    run = release.production_run
    sentence = run.sentence if run else ""
    if told is None:
        act = acts.act_for(actor, release, Verb.RECORD_LESSONS)
        waits = "Production stays locked for ordinary releases until cause and lessons are written down."
        return Banner("bad", "back", "Rolled back.", tuple(filter(None, (sentence, waits))), act)
    return Banner(
        "bad", "back", "Rolled back.", tuple(filter(None, (sentence, f"Cause: {told.cause}", f"Learned: {told.lessons}")))
    )


def _locked() -> list[Banner]:
    open_locks = EnvironmentLock.objects.filter(lifted_at=None).select_related("environment")
    return [
        Banner("hold", "lock", f"{lock.environment.name.capitalize()} is locked.", (lock.reason,))
        for lock in open_locks
    ]
