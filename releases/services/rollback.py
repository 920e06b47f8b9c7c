"""Send traffic back. Called by `POST …/rollback/` and the release page.

The run moves, not the release: `advance` sees the run's end and leads the release to rolled back, or
to review when no traffic had moved yet.
"""

from __future__ import annotations

from accounts.actors import Actor
from approvals import policy
from deployments.models import DeploymentRun
from deployments.services import steer
from events.wake import wake
from releases import texts
from releases.errors import BadContent, ReleaseNotFound
from releases.models import Release
from releases.services.create import first
from releases.services.keeping import demand_state
from releases.texts import Faults
from releases.verbs import WAYS, Verb


def rollback(version: str, *, actor: Actor, reason: str) -> DeploymentRun:
    """Abort the release's production run: before any weight it is cancelled, after that it goes back.

    One person suffices and no signature is asked. Raises NotAllowed, ReleaseNotFound,
    WrongReleaseState, BadContent without a reason, NoWayBack.
    """
    policy.require(actor, WAYS[Verb.ROLL_BACK].action)
    faults: Faults = {}
    text = texts.remark(reason, faults, field="reason", required=True)
    if faults:
        raise BadContent(first(faults), fields=faults)
    release = Release.objects.filter(version=version).first()
    if release is None:
        raise ReleaseNotFound(f"There is no release {version[:100]!r}.")
    demand_state(release, Verb.ROLL_BACK)
    assert release.production_run_id is not None
    run = steer.abort(release.production_run_id, actor=actor, reason=text)
    wake("releases.tasks.advance", release.pk)
    return run
