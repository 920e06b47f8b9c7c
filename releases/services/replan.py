"""Freeze a new plan from the platform file as it is now: new seal, new gate. Called by API, pages."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from approvals.services import gates
from releases.models import Release
from releases.queries.plans import plan_now
from releases.services import owing
from releases.services.asking import ask, freeze_plan
from releases.services.keeping import keep, remember, taken
from releases.states import ReleaseState
from releases.verbs import Verb


@transaction.atomic
def replan(version: str, *, actor: Actor) -> Release:
    """Void the signatures over the old plan and ask again over the new one; staging stays proved.

    A plan that is current already changes nothing. Raises NotAllowed, ReleaseNotFound, WrongReleaseState.
    """
    release = taken(version, Verb.REPLAN, actor)
    plan = plan_now(release)
    if plan == release.plan:
        return release
    before = {"state": release.status, "seal": release.seal, "plan": release.plan}
    reason = f"{actor.label} froze a new plan."
    assert release.gate_id is not None
    voided = gates.void(release.gate_id, reason=reason, actor=actor)
    owing.never_ran(voided, reason=reason, actor=actor)
    if release.status == ReleaseState.APPROVED:
        release.return_to_review()
    freeze_plan(release, plan)
    ask(release, actor)
    after = {"state": release.status, "seal": release.seal, "plan": plan}
    keep(release, "release.replanned", actor.id, before=before, after=after, reason=reason)
    remember(release, "replanned", actor.id)
    return release
