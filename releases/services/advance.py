"""Lead one release on by what its run, the time and its signers' roles have become.

State is pulled, never pushed: a run knows no release. Called by `sweep`, by a wake after an abort, and
by the demo's seeding.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from accounts.queries import user_of
from approvals.policy import may_start
from approvals.services.locking import locked as take_gate
from approvals.services.reminding import remind
from deployments.models import DeploymentRun
from deployments.states import RunState
from events import clock
from releases.models import Release
from releases.queries.facts_people import WATCHING_HOLDS
from releases.queries.moments import readiness
from releases.services import clearing, ending
from releases.services.judging import judge
from releases.services.keeping import PORTAL, keep, locked_by_id
from releases.services.starting import AUTO_START, start
from releases.states import ReleaseState

ENDED_BADLY = (RunState.FAILED, RunState.CANCELLED, RunState.ROLLED_BACK)


@transaction.atomic
def advance(release_id: int) -> None:
    """Take the release one step on if it is due; does nothing while somebody else holds it."""
    release = locked_by_id(release_id, skip_locked=True)
    if release is None:
        return
    lead = LEADS.get(release.status)
    if lead is not None:
        lead(release)


def _staging(release: Release) -> None:
    run = release.staging_run
    if run is None:
        return
    before = release.status
    if run.run_state == RunState.SUCCEEDED:
        release.validate()
        kind, reason = "release.validating", ""
    elif run.run_state in ENDED_BADLY:
        release.fail_staging()
        kind, reason = "release.returned_to_draft", f"The staging run ended: {run.sentence}"
    else:
        return
    keep(
        release,
        kind,
        PORTAL.id,
        before={"state": before},
        after={"state": release.status},
        reason=reason,
        data={"run": run.pk, "run_state": run.state},
    )


def _review(release: Release) -> None:
    judge(release, PORTAL.id)
    if release.gate_id is not None:
        remind(take_gate(release.gate_id), window_start=release.window_start)


def _approved(release: Release) -> None:
    if judge(release, PORTAL.id):
        return
    if release.window_end is not None and clock.now() >= release.window_end:
        clearing.miss_window(release)
    elif (release.plan or {}).get("auto_start"):
        _start_by_itself(release)


def _start_by_itself(release: Release) -> None:
    """Only inside the window, with nothing in the way, and somebody watching for at most 30 minutes."""
    now = clock.now()
    if release.window_start is None or now < release.window_start:
        return
    watcher = release.watchings.order_by("-id").first()
    if watcher is None or now - watcher.at > WATCHING_HOLDS:
        return
    found = readiness(release, "start")
    lock = found.fact("lock")
    if found.answer == "go" and (lock is None or lock.verdict == "clear"):
        by = user_of(watcher.by)
        if release.gate is None or by is None or not may_start(release.gate, by.actor_id, by.handle):
            start(release, AUTO_START, reason=f"The window opened and {watcher.by} was watching.", by=by)


def _deploying(release: Release) -> None:
    run = release.production_run
    assert run is not None
    if run.run_state in (RunState.FAILED, RunState.CANCELLED):
        _end_early(release, run)
    elif run.run_state == RunState.ROLLED_BACK:
        ending.roll_back(release, run)
    elif run.run_state == RunState.SUCCEEDED:
        ending.begin_monitoring(release, run)
    elif run.run_state != RunState.ROLLING_BACK:
        clearing.clear(release, run)


def _end_early(release: Release, run: DeploymentRun) -> None:
    """No production weight was given: back to review, where the go is asked again."""
    clearing.revoke(release, f"The run ended before any production weight: {run.sentence}")
    before = release.status
    release.end_early()
    keep(
        release,
        "release.returned_to_review",
        PORTAL.id,
        before={"state": before},
        after={"state": release.status},
        reason=f"The run ended before any production weight: {run.sentence}",
        data={"run": run.pk, "run_state": run.state},
    )


LEADS: dict[ReleaseState, Callable[[Release], None]] = {
    ReleaseState.STAGING: _staging,
    ReleaseState.REVIEW: _review,
    ReleaseState.APPROVED: _approved,
    ReleaseState.DEPLOYING: _deploying,
    ReleaseState.MONITORING: ending.watch_monitoring,
}
