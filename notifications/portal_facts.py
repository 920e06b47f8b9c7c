"""What a mail says of what has no release: a stop, the policy, a late entry, factors, what was taken over.

Read once per event, from the rows that its stream names. Texts by people pass the masking filter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from accounts.models import User
from accounts.queries import user_of
from accounts.roles import Role
from accounts.services.factors import WORDS
from approvals.models import BreakGlass, EmergencyStop, Gate
from approvals.policy import Action, who_may
from approvals.rules import rules_of
from approvals.stops import in_words
from deployments.queries import runs_under
from events.models import Event
from notifications.facts import plain

MOST = 12
"""Runs and changes that a mail lists; the portal shows the rest."""

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """One thing as mails tell it. `sentence` says what it is; `by` is who did it, where the event says other.

    `person` is the one person whom it concerns; `roles` are those whom it concerns from now on.
    """

    subject: str
    page: str
    rows: Rows
    sentence: str = ""
    gate: Gate | None = None
    by: str = ""
    person: User | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)


def facts_of(event: Event) -> PortalFacts | None:
    """What the stream of this event is about, or None where nothing is left to tell of."""
    for prefix, read in READERS.items():
        if event.stream.startswith(prefix):
            return read(event)
    return None


def gate_of(event: Event) -> Gate | None:
    """The gate that the event names, if any."""
    return Gate.objects.filter(pk=event.data["gate"]).first() if "gate" in event.data else None


def _of_stop(event: Event) -> PortalFacts | None:
    stop = EmergencyStop.objects.select_related("gate").filter(pk=event.stream.removeprefix("stop/")).first()
    if stop is None:
        return None
    return PortalFacts(
        subject=f"the stop of {stop.place}",
        page=f"{settings.PORTAL_BASE_URL}/emergency/",
        rows=(
            ("Where", stop.place.capitalize()),
            ("Why", plain(stop.reason) or "No reason was given."),
            ("Held", _held(stop)),
            ("Lifted", how_lifted(stop.gate)),
        ),
        sentence=plain(in_words(stop)),
        gate=gate_of(event) or stop.gate,
    )


def _held(stop: EmergencyStop) -> str:
    runs = runs_under(stop.environment)
    told = [f"{run.subject} to {run.environment.name} ({run.run_state.label.lower()})" for run in runs[:MOST]]
    if len(runs) > MOST:
        told.append(f"{len(runs) - MOST} more")
    first = f"{', '.join(told)}; and every new start." if told else "No run is under way; no other may start."
    return f"{first} Returns go on, and limits stay watched."


def how_lifted(gate: Gate | None) -> str:
    """Who signs what, and who lifts it then."""
    asked = gate.requirements.order_by("pk") if gate is not None else ()
    signed = ", ".join(f"{one.count} × {Role(one.role).label} ({plain(one.meaning)})" for one in asked)
    return f"It asks for signatures: {signed}. Then {who_may(Action.LIFT_STOP)} lifts it."


def _of_policy(event: Event) -> PortalFacts | None:
    gate = gate_of(event)
    if gate is None:  # the first policy of an installation was never asked about
        return None
    proposal = gate.policy_proposal
    changes = [plain(str(change)) for change in proposal.changes]
    more = [f"{len(changes) - MOST} more changes, on the page."] if len(changes) > MOST else []
    return PortalFacts(
        subject=gate.label,
        page=f"{settings.PORTAL_BASE_URL}/policy/",
        rows=tuple((f"Change {n}", text) for n, text in enumerate([*changes[:MOST], *more], start=1)),
        gate=gate,
        by=event.actor if event.kind == "policy.withdrawn" else proposal.proposed_by,
        person=user_of(proposal.proposed_by),
        roles=_named_in(proposal.document),
    )


def _named_in(document: dict[str, Any]) -> frozenset[Role]:
    """Every role that the rules ask for a signature, now or afterwards."""
    return frozenset(asked.role for rule in rules_of(document) for asked in (*rule.signatures, *rule.owed))


def _of_late_entry(event: Event) -> PortalFacts | None:
    entry = BreakGlass.objects.filter(pk=event.stream.removeprefix("late-entry/")).first()
    if entry is None:
        return None
    return PortalFacts(
        subject=f"a late entry about {plain(entry.label)}",
        page=f"{settings.PORTAL_BASE_URL}/emergency/",
        rows=(
            ("About", plain(entry.label)),
            ("Done", f"{entry.at:%Y-%m-%d %H:%M} UTC, recorded {entry.recorded_at:%Y-%m-%d %H:%M} UTC"),
            ("What", plain(entry.reason)),
        ),
        gate=gate_of(event),
    )


def _of_person(event: Event) -> PortalFacts | None:
    user = user_of(event.stream.replace("people/", "person:", 1))
    if user is None:
        return None
    taken = [WORDS.get(kind, kind) for kind in (event.before or {}).get("factors", ())]
    return PortalFacts(
        subject="your second factors",
        page=f"{settings.PORTAL_BASE_URL}/account/factors/",
        rows=(("Account", f"@{user.handle}"), ("Taken away", ", ".join(taken).capitalize())),
        person=user,
    )


def offline_act(data: dict[str, Any]) -> str:
    """Who moved a region's traffic without the portal, when, and where it is now."""
    by, at = plain(str(data.get("by") or "somebody")), str(data.get("happened_at") or "")
    when = f" at {datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else ""
    weights = dict(data.get("weights") or {})
    now = ", ".join(f"{slot} {weight} %" for slot, weight in weights.items()) or "nothing"
    return f"By {by}{when}. Traffic there: {now}."


def _of_environment(event: Event) -> PortalFacts:
    """An environment that serves what was taken over, which no release has brought."""
    found = [plain(str(text)) for text in event.data.get("differences", ())]
    return PortalFacts(
        subject=str(event.data["environment"]),
        page=f"{settings.PORTAL_BASE_URL}/environments/drift/",
        rows=tuple((f"Difference {n}", text) for n, text in enumerate(found[:MOST], start=1)),
    )


READERS: dict[str, Callable[[Event], PortalFacts | None]] = {
    "stop/": _of_stop,
    "policy/": _of_policy,
    "environment/": _of_environment,
    "late-entry/": _of_late_entry,
    "people/": _of_person,
}
