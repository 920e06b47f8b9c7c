"""The production window: set it, move it. Called by `PATCH releases/…/`, the release page and `deciding`.

A window is neither content nor seal: signatures stand, but its signers are told of a move, and a go
that was said for the old one is asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime

from accounts.actors import Actor
from approvals import policy
from approvals.policy import Action, who_may
from approvals.services import deciding
from deployments import queries as deployments
from events import clock
from releases.errors import BadWindow
from releases.models import Release
from releases.queries.calendar import frozen
from releases.queries.overrides import Passed, overrides_of, passed_by, still_stopping
from releases.recurrence import is_zone, local, unclear
from releases.services.keeping import demand_fresh, demand_state, keep, locked, moment
from releases.states import ReleaseState
from releases.texts import Faults, fault
from releases.verbs import WAYS, Verb

LONGEST = timedelta(hours=24)
FURTHEST = timedelta(days=366)
GRACE = timedelta(minutes=5)
"""A window may have opened this long ago: "from now on" takes a moment to type and send."""

Window = tuple[datetime, datetime, str]


@transaction.atomic
def set_window(
    version: str,
    *,
    actor: Actor,
    start: datetime | str,
    end: datetime | str,
    zone: str = "UTC",
    if_match: str | None = None,
) -> Release:
    """Set or move the window. Times without an offset are local in `zone`.

    Raises NotAllowed, ReleaseNotFound, StaleRelease, WrongReleaseState, BadWindow.
    """
    policy.require(actor, WAYS[Verb.SET_WINDOW].action)
    release = locked(version)
    demand_fresh(release, if_match)
    return put(release, {"start": start, "end": end, "zone": zone}, actor)


def put(release: Release, given: Mapping[str, Any] | None, actor: Actor, *, reason: str = "") -> Release:
    """Give a locked release this window (None takes it away), in the caller's transaction."""
    policy.require(actor, WAYS[Verb.SET_WINDOW].action)
    return put_unasked(release, given, actor, reason=reason)


def put_unasked(
    release: Release, given: Mapping[str, Any] | None, actor: Actor, *, reason: str = ""
) -> Release:
    """The same as part of an act that the caller has asked the policy about."""
    demand_state(release, Verb.SET_WINDOW)
    wanted = None if given is None else read(given, release.kind, passed=passed_by(overrides_of(release)))
    now = (release.window_start, release.window_end, release.window_zone) if release.window_start else None
    if wanted == now:
        return release
    before = in_words(release)
    moved = now is not None
    release.window_start, release.window_end, release.window_zone = wanted or (None, None, "")
    if release.status == ReleaseState.APPROVED:
        assert release.gate_id is not None
        deciding.revoke_go(release.gate_id, reason="The production window was moved.", actor=actor)
        release.return_to_review()
    keep(
        release,
        "window.moved" if moved else "window.set",
        actor.id,
        before=before,
        after=in_words(release),
        reason=reason,
    )
    return release


def read(given: Mapping[str, Any], kind: str, *, passed: Collection[Passed] = ()) -> Window:
    """A window that can be, whatever freezes are `passed`. Raises BadWindow with the field and the rule."""
    faults: Faults = {}
    if not isinstance(given, Mapping) or not set(given) <= {"start", "end", "zone"}:
        raise BadWindow(
            "A window is an object with start, end and zone.",
            fields={"window": ["Give start, end and zone."]},
        )
    zone = given.get("zone") or "UTC"
    if not is_zone(zone):
        fault(faults, "window.zone", "The zone is an IANA name such as Europe/Berlin.")
        zone = "UTC"
    start = _time(given.get("start"), "window.start", zone, faults)
    end = _time(given.get("end"), "window.end", zone, faults)
    if start and end and not faults:
        _judge(start, end, kind, faults, passed)
    if faults or start is None or end is None:
        raise BadWindow(" ".join(s for sentences in faults.values() for s in sentences), fields=faults)
    return start, end, zone


def span_of(given: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Start and end of a wished window, before anything else is judged; raises BadWindow."""
    faults: Faults = {}
    zone = given.get("zone") or "UTC"
    zone = zone if is_zone(zone) else "UTC"
    start = _time(given.get("start"), "window.start", zone, faults)
    end = _time(given.get("end"), "window.end", zone, faults)
    if start is None or end is None or end <= start:
        raise BadWindow("The window has a start, and an end after it.", fields=faults or {"window": ["…"]})
    return start, end


def _time(value: object, field: str, zone: str, faults: Faults) -> datetime | None:
    try:
        found = parse_datetime(value) if isinstance(value, str) else value
        if isinstance(found, datetime):
            if doubt := unclear(found, zone):
                fault(faults, field, doubt)
                return None
            return local(found, zone).astimezone(clock.now().tzinfo)
    except (ValueError, OverflowError):
        pass
    fault(faults, field, "Give a date and time such as 2026-11-24T22:00:00Z.")
    return None


def _judge(start: datetime, end: datetime, kind: str, faults: Faults, passed: Collection[Passed]) -> None:
    now = clock.now()
    if end <= start:
        fault(faults, "window.end", "The window must end after it starts.")
    elif end <= now or start < now - GRACE:
        fault(faults, "window.start", "The window lies in the past.")
    elif end - start > LONGEST:
        fault(faults, "window.end", f"A window lasts at most {LONGEST // timedelta(hours=1)} hours.")
    elif start > now + FURTHEST:
        fault(faults, "window.start", "A window starts within a year from now.")
    else:
        spans = frozen(start, end, environment=deployments.production().name, kind=kind)
        for span in still_stopping(spans, passed):
            fault(
                faults,
                "window.start",
                f"The window meets the freeze {freeze_in_words(span.freeze.name, span)}",
            )


def freeze_in_words(name: str, span: Any) -> str:
    """A freeze as it reads in a sentence, with its reason."""
    return (
        f"“{name}” ({span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} UTC: "
        f"{span.freeze.reason.rstrip('.')}). Choose a time outside it; "
        f"{who_may(Action.MANAGE_FREEZES)} can remove a freeze, {who_may(Action.OVERRIDE_FREEZE)} "
        "override it."
    )


def in_words(release: Release) -> dict[str, Any]:
    """The window as an event keeps it."""
    return {
        "state": release.status,
        "start": moment(release.window_start),
        "end": moment(release.window_end),
        "zone": release.window_zone,
    }
