"""What a lost signature or a missed window does to an approved release. Called by other services here."""

from __future__ import annotations

from approvals.services import gates
from releases.models import Release
from releases.services.authors import barred, tie
from releases.services.keeping import keep
from releases.states import ReleaseState


def unsettle(
    release: Release, actor_id: str, reason: str, *, kind: str = "release.returned_to_review"
) -> None:
    """Lead an approved release back to review, where its go is asked again; others stay."""
    if release.status != ReleaseState.APPROVED:
        return
    before = release.status
    release.return_to_review()
    keep(release, kind, actor_id, before={"state": before}, after={"state": release.status}, reason=reason)


def judge(release: Release, actor_id: str) -> list[str]:
    """Judge every signature again, now: accounts, roles, and who turned out to be an author.

    An approved release that lost one goes back to review. Returns a sentence for each signature that
    no longer counts.
    """
    if release.gate_id is None:
        return []
    tie(release)
    lost = gates.re_judge(release.gate_id, barred=barred(release))
    if lost:
        unsettle(release, actor_id, " ".join(lost))
    return lost
