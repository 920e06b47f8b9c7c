"""Take up a rejected release again, as a draft. Called by `POST …/reopen/` and the release page."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from releases import texts
from releases.errors import BadContent
from releases.models import Release
from releases.services import contents
from releases.services.create import first
from releases.services.keeping import keep, taken
from releases.texts import Faults
from releases.verbs import Verb


@transaction.atomic
def reopen(version: str, *, actor: Actor, reason: str = "") -> Release:
    """A rejected release is a draft again; its gate stays rejected, a new one opens with `submit`.

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, BadContent.
    """
    release = taken(version, Verb.REOPEN, actor)
    faults: Faults = {}
    text = texts.remark(reason, faults, field="reason")
    if faults:
        raise BadContent(first(faults), fields=faults)
    before = release.status
    release.reopen()
    release.gate = None
    release.staging_run = None
    release.closing_reason = ""
    contents.unfreeze(release)
    keep(
        release,
        "release.reopened",
        actor.id,
        before={"state": before},
        after={"state": release.status},
        reason=text,
    )
    return release
