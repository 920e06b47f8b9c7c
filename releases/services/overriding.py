"""Let one release through named freezes. Called by `…/freeze-overrides/` and its page.

Each freeze in the way is named; one that is not named still stops the release. A freeze that begins in
the middle of a shift is not overridden: there the plan's declared choice holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.services.factors import demand_fresh
from approvals.emergency_rules import named_for
from approvals.models import SignedAct
from approvals.policy import Action
from approvals.services.breaking import named_role, read_reason
from approvals.services.emergency_signatures import FREEZE_OVERRIDE, freezes_as_signed, keep_emergency
from approvals.services.signatures import ACTS_OF, ROWS
from deployments import queries as deployments
from events import clock
from events.errors import Invalid
from releases.models import FreezeOverride, Release
from releases.queries.calendar import Frozen, frozen
from releases.queries.overrides import overrides_of, passed_by, still_stopping
from releases.services.keeping import demand_seal, keep, moment, taken
from releases.services.window import put_unasked, span_of
from releases.verbs import Verb


@transaction.atomic
def override(
    version: str,
    *,
    actor: Actor,
    freezes: Sequence[int],
    reason: str,
    seal: str,
    window: Mapping[str, Any] | None = None,
) -> list[FreezeOverride]:
    """Let the release pass the named freezes, in the spans that meet its window (a new one may be given).

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, WrongSeal, Invalid (no reason, no window, a freeze
    that does not stand in the way), BadWindow when the new window meets a freeze that is not named.
    """
    release = taken(version, Verb.OVERRIDE_FREEZE, actor)
    production = deployments.production()
    named = named_for(Action.OVERRIDE_FREEZE, production.name, release.kind)
    role = named_role(actor, named, Action.OVERRIDE_FREEZE)
    text = read_reason(reason)
    demand_seal(release, seal)
    spans = _named_spans(release, freezes, window)
    factors = demand_fresh(actor, f"override a freeze for {version}")
    now = clock.now()
    wanted = [
        FreezeOverride(
            release=release,
            freeze=span.freeze,
            span_start=span.start,
            span_end=span.end,
            seal=release.seal,
            role=role.value,
            reason=text,
            by=actor.id,
            at=now,
            factors=factors,
        )
        for span in spans
    ]
    signed = keep_emergency(
        FREEZE_OVERRIDE, actor=actor, role=role, reason=text, at=now, stream=release.stream, factors=factors,
        seal=release.seal, release=release.version, freezes=freezes_as_signed(wanted),
    )  # fmt: skip
    for one in wanted:
        one.signed_act = signed
    made = FreezeOverride.objects.bulk_create(wanted)
    keep(
        release,
        "freeze.overridden",
        actor.id,
        after={"freezes": [_told(override) for override in made]},
        reason=text,
        data={
            "seal": release.seal,
            "role": role.value,
            "factors": factors,
            "signature": signed.signature,
            "key": signed.key_id,
        },
    )
    if window is not None:
        put_unasked(release, window, actor, reason=text)
    return made


def _rows_of_overrides(act: SignedAct) -> list[dict[str, Any]]:
    """What the overrides of one signed act say now, as it was signed; registered for `verify_signatures`."""
    rows = list(FreezeOverride.objects.filter(signed_act=act).select_related("freeze"))
    freezes = freezes_as_signed(rows)
    return [
        {"role": o.role, "reason": o.reason, "seal": o.seal, "factors": o.factors, "freezes": freezes}
        | {"at": o.at.astimezone(UTC).isoformat(), "signer_id": o.by}
        for o in rows
    ]


ROWS[FREEZE_OVERRIDE] = _rows_of_overrides
ACTS_OF.append((FreezeOverride, "signed_act", frozenset({FREEZE_OVERRIDE}), Q()))


def in_the_way(release: Release, start: datetime, end: datetime) -> list[Frozen]:
    """The spans that stop this release between two times and that nobody has overridden."""
    spans = frozen(start, end, environment=deployments.production().name, kind=release.kind)
    return still_stopping(spans, passed_by(overrides_of(release)))


def _named_spans(release: Release, freezes: Sequence[int], window: Mapping[str, Any] | None) -> list[Frozen]:
    """The spans of the named freezes that meet the window; each name must stand in the way."""
    start, end = _when(release, window)
    spans = in_the_way(release, start, end)
    there = {span.freeze.pk for span in spans}
    if not freezes or any(number not in there for number in freezes):
        names = ", ".join(f"{s.freeze.pk} “{s.freeze.name}”" for s in spans) or "none"
        sentence = f"Name each freeze that is to be passed; in the way of this window stand: {names}."
        raise Invalid(sentence, fields={"freezes": [sentence]})
    return [span for span in spans if span.freeze.pk in freezes]


def _when(release: Release, window: Mapping[str, Any] | None) -> tuple[datetime, datetime]:
    if window is not None:
        return span_of(window)
    if release.window_start is None or release.window_end is None:
        sentence = "The release has no window; give the one in which it is to start."
        raise Invalid(sentence, fields={"window": [sentence]})
    now = clock.now()
    start = max(now, release.window_start)
    return start, max(release.window_end, start + timedelta(seconds=1))


def _told(override: FreezeOverride) -> dict[str, Any]:
    return {
        "freeze": override.freeze_id,
        "name": override.freeze.name,
        "start": moment(override.span_start),
        "end": moment(override.span_end),
    }
