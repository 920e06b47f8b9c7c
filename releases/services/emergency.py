"""Break the glass for a release, and record afterwards what was done past the portal.

Both ask the approvals, which open the review that is owed. Called by `…/break-glass/`, `late-entries/` and
their pages.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.dateparse import parse_datetime

from accounts.actors import Actor
from approvals import policy
from approvals.models import BreakGlass
from approvals.policy import Action
from approvals.services import breaking
from events.errors import Invalid
from releases.models import Release
from releases.services.keeping import demand_seal, keep, locked, taken
from releases.verbs import Verb


@transaction.atomic
def break_glass(version: str, *, actor: Actor, reason: str, seal: str) -> BreakGlass:
    """Let this release run with one signature about its seal; everybody passed over reviews it.

    Nothing else is waived: content, staging's proof, checklist, window, freezes, locks and stops hold.
    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, WrongSeal, and what
    `approvals.services.breaking.break_glass` raises.
    """
    release = taken(version, Verb.BREAK_GLASS, actor)
    demand_seal(release, seal)
    assert release.gate_id is not None
    broken = breaking.break_glass(release.gate_id, actor=actor, reason=reason, seal=seal)
    keep(
        release,
        "release.glass_broken",
        actor.id,
        after={"break_glass": broken.pk, "role": broken.role},
        reason=broken.reason,
        data={"seal": release.seal, "gate": release.gate_id},
    )
    return broken


@transaction.atomic
def record_late(version: str, *, actor: Actor, reason: str, at: datetime | str) -> BreakGlass:
    """Record what was done to this release while the portal was away: true time, late mark, review owed.

    It changes no state of the release and starts nothing. Raises NotAllowed, ReleaseNotFound, Invalid.
    """
    policy.require(actor, Action.RECORD_LATE)
    release = locked(version)
    return breaking.record_late(
        actor=actor,
        label=release.label[:150],
        stream=release.stream,
        seal=release.seal,
        release_kind=release.kind,
        reason=reason,
        at=_moment(at),
    )


def glass_of(release: Release) -> BreakGlass | None:
    """The broken glass of the release's present gate, or None."""
    if release.gate_id is None:
        return None
    return BreakGlass.objects.filter(gate=release.gate_id).select_related("person").first()


def _moment(value: datetime | str) -> datetime:
    try:
        found = parse_datetime(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        sentence = "Give a date and time with its offset, such as 2026-11-23T14:00:00Z."
        raise Invalid(sentence, fields={"at": [sentence]})
    return found
