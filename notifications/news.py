"""Which events are told by mail, and as what. Called by `services.reading` for each event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.queries import labels
from approvals.models import Gate
from events.models import Event
from notifications.facts import ReleaseFacts, facts_of, plain
from notifications.states import MailKind
from releases.models import Release

PREFIX = "release/"
"""Streams that are told: everything that people are written to about belongs to a release."""

KIND_OF: dict[str, MailKind] = {
    "gate.opened": MailKind.SIGNOFF_ASKED,
    "gate.reopened": MailKind.SIGNOFF_ASKED,
    "signatures.voided": MailKind.SIGNATURES_VOID,
    "gate.rejected": MailKind.NO_GO,
    "window.moved": MailKind.WINDOW_MOVED,
    "window.missed": MailKind.WINDOW_MOVED,
    "release.postponed": MailKind.POSTPONED,
    "release.cancelled": MailKind.CANCELLED,
    "release.deploying": MailKind.STARTED,
    "release.monitoring": MailKind.FINISHED,
    "release.rolled_back": MailKind.ROLLED_BACK,
    "release.superseded": MailKind.REPLACED,
    "release.completed": MailKind.COMPLETED,
}
TOLD_KINDS = (*KIND_OF, "decision.made")


@dataclass(frozen=True, slots=True)
class News:
    """One event that is told: what happened, by whom, to which release, at which gate."""

    kind: MailKind
    event: Event
    who: str
    facts: ReleaseFacts
    release: Release
    gate: Gate | None

    @property
    def reason(self) -> str:
        """Why, in the words of whoever did it, masked and cut; may be empty."""
        return plain(self.event.reason)

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
    gate = Gate.objects.filter(pk=event.data["gate"]).first() if "gate" in event.data else None
    return News(
        kind=kind,
        event=event,
        who=labels([event.actor])[event.actor],
        facts=facts_of(release),
        release=release,
        gate=gate,
    )


def _kind(event: Event) -> MailKind | None:
    if event.kind == "decision.made":
        return MailKind.GO if (event.after or {}).get("answer") == "go" else None
    return KIND_OF.get(event.kind)
