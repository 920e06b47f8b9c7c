"""The stepper of a release: six stages with what is known of each. No promise, only what is stored.

In: a release with its runs. Out: `Stage`s. Called by `releases.views.detail`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from releases.models import Release
from releases.states import ReleaseState

S = ReleaseState
AT = {
    S.DRAFT: 0,
    S.STAGING: 1,
    S.VALIDATING: 1,
    S.REVIEW: 2,
    S.REJECTED: 2,
    S.APPROVED: 2,
    S.DEPLOYING: 3,
    S.ROLLED_BACK: 3,
    S.MONITORING: 4,
    S.SUPERSEDED: 4,
    S.COMPLETED: 5,
}
BAD = (S.REJECTED, S.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: `mark` is done, now, you, bad or next; a moment or words beside its name."""

    number: int
    name: str
    mark: str
    words: str = ""
    at: datetime | None = None


def stages(release: Release, *, signed: str, yours: bool) -> list[Stage]:
    """The six stages. `signed` is "1 of 3 signed"; `yours` when this reader's signature is asked."""
    here = AT.get(release.status, 0)
    done = release.status == S.COMPLETED
    names = ("Prepare", "Staging", "Sign-off", "Production", "Heightened monitoring", "Done")
    told = _told(release, signed)
    made = []
    for at, name in enumerate(names):
        mark = "done" if at < here or done else "next"
        if at == here and not done:
            mark = "bad" if release.status in BAD else "you" if yours and at == 2 else "now"
        if release.status == S.CANCELLED:
            mark = "next"
        made.append(Stage(at + 1, name, mark, *told[at]))
    return made


def _told(release: Release, signed: str) -> list[tuple[str, datetime | None]]:
    staging, production = release.staging_run, release.production_run
    if production is not None and production.started_at:
        started: tuple[str, datetime | None] = ("Started", production.started_at)
    elif release.window_start:
        started = ("Window", release.window_start)
    else:
        started = ("No window yet", None)
    monitoring = ("Until", release.monitoring_ends_at) if release.monitoring_ends_at else ("", None)
    finished = release.ended_at if release.status == S.COMPLETED else None
    return [
        ("Opened", release.created_at),
        ("Ran", staging.ended_at) if staging and staging.ended_at else ("", None),
        (signed, None),
        started,
        monitoring,
        ("", finished),
    ]
