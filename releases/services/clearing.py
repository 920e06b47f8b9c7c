"""The clearance of a production run: renewed while the facts for going on hold, else lapsed or taken back.

Called by `advance`. What a window that ends or a freeze that begins means in the middle of a shift is
the plan's declared choice: finish, hold, or return.
"""

from __future__ import annotations

from approvals.services import deciding
from deployments.models import DeploymentRun
from deployments.services import clearance, steer
from deployments.states import Intent, RunState
from events import clock
from releases.models import Release
from releases.queries.fact import Fact
from releases.queries.moments import readiness
from releases.services.judging import unsettle
from releases.services.keeping import PORTAL
from releases.services.starting import CLEARANCE

CHOICES = {"window": "on_window_end", "freeze": "on_freeze"}
GIVEN_UP_WITHOUT = ("base", "window", "lock")
"""Facts of the start whose loss ends a run that still waits for its turn."""


def clear(release: Release, run: DeploymentRun) -> None:
    """Renew, lapse or take back the clearance of a run that may still move forward."""
    if run.run_state == RunState.QUEUED:
        _clear_queued(release, run)
        return
    stopping = [fact for fact in readiness(release, "carry_on").facts if fact.blocks]
    if not stopping:
        _renew(release, run)
    elif any(_returns(release, fact) for fact in stopping):
        _abort(
            run, " ".join(fact.sentence for fact in stopping) + " The plan's declared choice is to return."
        )
    else:
        _lapse(run, " ".join(fact.sentence for fact in stopping))


def _renew(release: Release, run: DeploymentRun) -> None:
    now = clock.now()
    held = bool(run.clearance_sentence)
    if held or run.clearance_until is None or run.clearance_until - now < CLEARANCE / 2:
        clearance.renew(run.pk, seal=release.seal, until=now + CLEARANCE)


def _lapse(run: DeploymentRun, sentence: str) -> None:
    lapsed = run.clearance_until is not None and run.clearance_until <= clock.now()
    if not lapsed or run.clearance_sentence != sentence:
        clearance.lapse(run.pk, sentence=sentence)


def _returns(release: Release, fact: Fact) -> bool:
    choice = CHOICES.get(fact.name)
    return choice is not None and (release.plan or {}).get(choice) == "return"


def _abort(run: DeploymentRun, reason: str) -> None:
    if run.intent not in (Intent.CANCEL, Intent.RETURN):
        steer.abort(run.pk, actor=PORTAL, reason=reason)


def _clear_queued(release: Release, run: DeploymentRun) -> None:
    """Nothing has moved yet: a freeze or stop holds it; without window or base it waits for nothing more."""
    stopping = [fact for fact in readiness(release, "start").facts if fact.blocks]
    lost = [fact.sentence for fact in stopping if fact.name in GIVEN_UP_WITHOUT]
    held = [fact.sentence for fact in stopping if fact.name in ("freeze", "stop")]
    if lost:
        _abort(run, "Its turn did not come in time: " + " ".join(lost))
    elif held:
        _lapse(run, " ".join(held))
    else:
        _renew(release, run)


def miss_window(release: Release) -> None:
    """The window ended before anybody started: back to review, where the go is asked again."""
    assert release.window_end is not None
    reason = f"The window ended at {release.window_end:%Y-%m-%d %H:%M} UTC before anybody started."
    revoke(release, reason)
    unsettle(release, PORTAL.id, reason, kind="window.missed")


def revoke(release: Release, reason: str) -> None:
    """A go is for one window: end it."""
    if release.gate_id is not None:
        deciding.revoke_go(release.gate_id, reason=reason, actor=PORTAL)
