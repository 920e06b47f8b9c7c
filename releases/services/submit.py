"""Submit for sign-off: freeze the plan, compute the seal, open the gate. Called by API and pages."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from releases.errors import NotReady
from releases.models import Release
from releases.queries.moments import readiness
from releases.services.asking import ask, freeze_plan
from releases.services.authors import tie
from releases.services.keeping import keep, remember, taken
from releases.verbs import Verb


@transaction.atomic
def submit(version: str, *, actor: Actor) -> Release:
    """Move a validated release to review and ask the roles of the gate.

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, NotReady with every missing thing.
    """
    release = taken(version, Verb.SUBMIT, actor)
    tie(release)
    found = readiness(release, "sign")
    missing = [blocker for blocker in found.blockers if blocker.code != "state"]
    if missing:
        raise NotReady(
            f"{release.version} cannot be submitted yet: " + " ".join(b.sentence for b in missing),
            blockers=missing,
        )
    freeze_plan(release)
    ask(release, actor)
    before = release.status
    release.submit()
    keep(
        release,
        "release.submitted",
        actor.id,
        before={"state": before, "seal": None},
        after={"state": release.status, "seal": release.seal},
        data={"gate": release.gate_id, "content_hash": release.content_hash},
    )
    remember(release, "submitted", actor.id)
    return release
