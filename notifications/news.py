"""Which events are told by mail, and as what. Called by `services.reading` for each event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.queries import labels
from approvals.models import Gate
from events.models import Event
from events.names import shown
from notifications.facts import ReleaseFacts, facts_of, plain
from notifications.states import MailKind
from releases.models import Release
from releases.queries.fact import Fact
from releases.queries.moments import readiness
from releases.states import ReleaseState

PREFIX = "release/"
"""Streams that are told: everything that people are written to about belongs to a release."""

KIND_OF: dict[str, MailKind] = {
    "gate.opened": MailKind.SIGNOFF_ASKED,
    "gate.reopened": MailKind.SIGNOFF_ASKED,
    "signoff.reminder": MailKind.REMINDER,
    "gate.unsatisfiable": MailKind.STUCK,
    "review.reminder": MailKind.REVIEW_DUE,
    "review.late": MailKind.REVIEW_DUE,
    "signatures.voided": MailKind.SIGNATURES_VOID,
    "gate.rejected": MailKind.NO_GO,
    "window.set": MailKind.WINDOW_MOVED,
    "window.moved": MailKind.WINDOW_MOVED,
    "window.missed": MailKind.WINDOW_MOVED,
    "release.postponed": MailKind.POSTPONED,
    "release.cancelled": MailKind.CANCELLED,
    "run.held": MailKind.HELD,
    "release.monitoring": MailKind.FINISHED,
    "release.rolled_back": MailKind.ROLLED_BACK,
    "release.superseded": MailKind.REPLACED,
    "release.completed": MailKind.COMPLETED,
    "run.drifted": MailKind.DRIFTED,
}
BACK_FROM_APPROVED = (
    "release.returned_to_review",
    "release.returned_to_draft",
    "release.replanned",
    "release.asked_again",
    "release.rebased",
    "release.content_changed",
)
TOLD_KINDS = (*KIND_OF, *BACK_FROM_APPROVED, "decision.made", "announce.wanted")
INSTANT = timedelta(seconds=2)
ASKING = (MailKind.SIGNOFF_ASKED, MailKind.REMINDER)
SAME_ACT = ("decision.made", "release.postponed")
"""A window that is set as part of one of these is told by its mail, not by one more."""


@dataclass(frozen=True, slots=True)
class News:
    """One event that is told: what happened, by whom, to which release, at which gate."""

    kind: MailKind
    event: Event
    who: str
    facts: ReleaseFacts
    release: Release
    gate: Gate | None
    readiness: tuple[Fact, ...]
    """What stands for and against it, where signatures are asked for."""

    @property
    def reason(self) -> str:
        """Why, in the words of whoever did it, masked and cut; may be empty."""
        return plain(shown(self.event.reason))

    @property
    def after(self) -> dict[str, Any]:
        """What the event changed to."""
        return self.event.after or {}

    @property
    def before(self) -> dict[str, Any]:
        """What it changed from."""
        return self.event.before or {}


def news_of(event: Event) -> News | None:
    """The event as news, or None when nobody is told of it."""
    kind = _kind(event)
    release = Release.objects.filter(version=event.stream.removeprefix(PREFIX)).first() if kind else None
    if kind is None or release is None:
        return None
    if kind == MailKind.SIGNATURES_VOID and release.status == ReleaseState.CANCELLED:
        return None  # the mail that it is cancelled says all
    if kind == MailKind.HELD and (event.after or {}).get("run") != release.production_run_id:
        return None
    gate = Gate.objects.filter(pk=event.data["gate"]).first() if "gate" in event.data else None
    return News(
        kind=kind,
        event=event,
        who=_who(event, kind, release),
        facts=facts_of(release),
        release=release,
        gate=gate,
        readiness=tuple(readiness(release, "sign").facts) if kind in ASKING else (),
    )


def _kind(event: Event) -> MailKind | None:
    before, after = event.before or {}, event.after or {}
    if event.data.get("kind") == "review" and not event.kind.startswith("review."):
        return MailKind.REVIEW_ASKED if event.kind in ("gate.opened", "gate.reopened") else None
    if event.kind == "decision.made":
        return MailKind.GO if after.get("answer") == "go" else None
    if event.kind == "announce.wanted":  # that it is finished is told by release.monitoring, with its end
        return MailKind.STARTED if event.data.get("what") == "started" else None
    if event.kind in BACK_FROM_APPROVED and before.get("state") == ReleaseState.APPROVED:
        return MailKind.GO_ENDED
    if event.kind == "release.returned_to_review" and before.get("state") == ReleaseState.DEPLOYING:
        return MailKind.STOPPED
    if event.kind in ("window.set", "window.moved") and _is_part_of_a_decision(event):
        return None
    return KIND_OF.get(event.kind)


def _who(event: Event, kind: MailKind, release: Release) -> str:
    """The name of who did it; a start is its starter's act, though the engine tells of it."""
    run = release.production_run if kind == MailKind.STARTED else None
    actor = run.started_by if run is not None else event.actor
    return labels([actor])[actor]


def _is_part_of_a_decision(event: Event) -> bool:
    beside = Event.objects.filter(stream=event.stream, seq__in=(event.seq - 1, event.seq + 1))
    return beside.filter(
        kind__in=SAME_ACT, actor=event.actor, at__range=(event.at - INSTANT, event.at + INSTANT)
    ).exists()
