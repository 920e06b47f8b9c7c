"""Give a release up before any start. Called by `POST …/cancel/` and the release page."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from approvals.services import gates
from deployments.services import steer
from releases import texts
from releases.errors import BadContent
from releases.models import Release
from releases.services import owing
from releases.services.create import first
from releases.services.keeping import PORTAL, keep, taken
from releases.states import ReleaseState
from releases.texts import Faults
from releases.verbs import Verb


def cancel(version: str, *, actor: Actor, reason: str) -> Release:
    """Cancel it; its gate is void, and a staging run that is under way is taken back.

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, BadContent without a reason.
    """
    faults: Faults = {}
    text = texts.remark(reason, faults, field="reason", required=True)
    with transaction.atomic():
        release = taken(version, Verb.CANCEL, actor)
        if faults:
            raise BadContent(first(faults), fields=faults)
        before = release.status
        if release.gate_id is not None:
            why = f"{actor.label} cancelled the release: {text}"
            voided = gates.void(release.gate_id, reason=why, actor=actor)
            owing.never_ran(voided, reason=why, actor=actor)
        release.cancel()
        release.closing_reason = text
        keep(
            release,
            "release.cancelled",
            actor.id,
            before={"state": before},
            after={"state": release.status},
            reason=text,
        )
    if before == ReleaseState.STAGING and release.staging_run_id is not None:
        steer.abort(release.staging_run_id, actor=PORTAL, reason=f"{version} was cancelled: {text}")
    return release
