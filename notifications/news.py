"""Which events are told by mail, and as what. Called by `services.reading` for each event.

News is of a release (`ReleaseNews`), or of what has no release: a stop, the approval policy, a late entry,
a person (`PortalNews`). The stream of the event says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.queries import labels
from approvals.models import Gate
from events.models import Event
from events.names import shown
from notifications import portal_facts
from notifications.facts import ReleaseFacts, facts_of, plain
from notifications.states import MailKind
from releases.models import Release
from releases.queries.fact import Fact
from releases.queries.moments import readiness
from releases.states import ReleaseState

RELEASE = "release/"
KIND_OF: dict[str, MailKind] = {
    "gate.opened": MailKind.SIGNOFF_ASKED,
    "gate.reopened": MailKind.SIGNOFF_ASKED,
    "signoff.reminder": MailKind.REMINDER,
    "gate.unsatisfiable": MailKind.STUCK,
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
    "run.sent_back_offline": MailKind.DONE_OFFLINE,
}
OF_A_REVIEW: dict[str, MailKind] = {
    "gate.opened": MailKind.REVIEW_ASKED,
    "gate.reopened": MailKind.REVIEW_ASKED,
    "review.reminder": MailKind.REVIEW_DUE,
    "review.late": MailKind.REVIEW_DUE,
    "gate.rejected": MailKind.REVIEW_VETOED,
}
"""What is told of a gate `review`, on a release's stream and on a late entry's own."""

OF_THE_PORTAL: dict[str, dict[str, MailKind]] = {
    "environment/": {"run.drifted": MailKind.DRIFTED},
    "late-entry/": OF_A_REVIEW,
    "people/": {"person.factors_reset": MailKind.FACTORS_RESET},
    "policy/": {
        "gate.opened": MailKind.SIGNOFF_ASKED,
        "gate.reopened": MailKind.SIGNOFF_ASKED,
        "signoff.reminder": MailKind.REMINDER,
        "gate.unsatisfiable": MailKind.STUCK,
        "policy.adopted": MailKind.POLICY_ADOPTED,
        "policy.refused": MailKind.POLICY_REFUSED,
        "policy.withdrawn": MailKind.POLICY_REFUSED,
    },
    "stop/": {
        "stop.made": MailKind.STOP_MADE,
        "gate.opened": MailKind.SIGNOFF_ASKED,
        "gate.reopened": MailKind.SIGNOFF_ASKED,
        "signoff.reminder": MailKind.REMINDER,
        "gate.unsatisfiable": MailKind.STUCK,
        "gate.satisfied": MailKind.STOP_SIGNED,
        "gate.rejected": MailKind.STOP_STAYS,
        "stop.lifted": MailKind.STOP_LIFTED,
    },
}
PREFIXES = (RELEASE, *OF_THE_PORTAL)
"""Beginnings of the streams that are told."""

BACK_FROM_APPROVED = (
    "release.returned_to_review",
    "release.returned_to_draft",
    "release.replanned",
    "release.asked_again",
    "release.rebased",
    "release.content_changed",
)
TOLD_KINDS = sorted(
    {"decision.made", "announce.wanted", *KIND_OF, *OF_A_REVIEW, *BACK_FROM_APPROVED}.union(
        *OF_THE_PORTAL.values()
    )
)
INSTANT = timedelta(seconds=2)
ASKING = (MailKind.SIGNOFF_ASKED, MailKind.REMINDER)
SAME_ACT = ("decision.made", "release.postponed")
"""A window that is set as part of one of these is told by its mail, not by one more."""


@dataclass(frozen=True, slots=True)
class News:
    """One event that is told: what happened, by whom, at which gate; `subject` is what it is about."""

    kind: MailKind
    event: Event
    who: str
    gate: Gate | None

    @property
    def subject(self) -> str:
        """What it is about, as a subject line names it."""
        raise NotImplementedError

    @property
    def page(self) -> str:
        """The address of the page about it."""
        raise NotImplementedError

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


@dataclass(frozen=True, slots=True)
class ReleaseNews(News):
    """News of a release. `readiness` is what stands for and against it, where signatures are asked for."""

    facts: ReleaseFacts
    release: Release
    readiness: tuple[Fact, ...]
    acts: portal_facts.Rows = ()
    """What was done past the portal, region by region, where that is the news."""

    @property
    def subject(self) -> str:
        """The version."""
        return self.facts.version

    @property
    def page(self) -> str:
        """The release's page."""
        return self.facts.page


@dataclass(frozen=True, slots=True)
class PortalNews(News):
    """News of what has no release."""

    facts: portal_facts.PortalFacts

    @property
    def subject(self) -> str:
        """A name of the stop, the policy, the late entry."""
        return self.facts.subject

    @property
    def page(self) -> str:
        """Where it is looked at and acted upon."""
        return self.facts.page


def news_of(event: Event) -> News | None:
    """The event as news, or None when nobody is told of it."""
    if event.stream.startswith(RELEASE):
        return _of_release(event)
    return _of_portal(event)


def _of_portal(event: Event) -> PortalNews | None:
    table = next((kinds for prefix, kinds in OF_THE_PORTAL.items() if event.stream.startswith(prefix)), {})
    kind = table.get(event.kind)
    if kind == MailKind.SIGNOFF_ASKED and event.kind == "gate.opened" and _is_asked_by_its_stop(event):
        return None
    facts = portal_facts.facts_of(event) if kind is not None else None
    if kind is None or facts is None:
        return None
    return PortalNews(
        kind=kind, event=event, who=_name(facts.by or event.actor), gate=facts.gate, facts=facts
    )


def _is_asked_by_its_stop(event: Event) -> bool:
    """The mail that tells of a stop asks for the first round of signatures too."""
    return event.stream.startswith("stop/") and event.data.get("round") == 1


def _of_release(event: Event) -> ReleaseNews | None:
    kind = _kind(event)
    release = Release.objects.filter(version=event.stream.removeprefix(RELEASE)).first() if kind else None
    if kind is None or release is None:
        return None
    if kind == MailKind.SIGNATURES_VOID and release.status == ReleaseState.CANCELLED:
        return None  # the mail that it is cancelled says all
    if kind == MailKind.HELD and (event.after or {}).get("run") != release.production_run_id:
        return None
    return ReleaseNews(
        kind=kind,
        event=event,
        who=_who(event, kind, release),
        gate=portal_facts.gate_of(event),
        facts=facts_of(release),
        release=release,
        readiness=tuple(readiness(release, "sign").facts) if kind in ASKING else (),
        acts=_acts(event) if kind == MailKind.DONE_OFFLINE else (),
    )


def _acts(event: Event) -> portal_facts.Rows:
    """This act past the portal and those of other regions that were seen with it."""
    beside = Event.objects.filter(stream=event.stream, kind=event.kind, actor=event.actor, seq__gte=event.seq)
    seen = beside.filter(at__lt=event.at + INSTANT).order_by("seq")
    return tuple((str(one.data["region"]), portal_facts.offline_act(one.data)) for one in seen)


def _kind(event: Event) -> MailKind | None:
    before, after = event.before or {}, event.after or {}
    if event.data.get("kind") == "review":
        return OF_A_REVIEW.get(event.kind)
    if event.kind == "decision.made":
        return MailKind.GO if after.get("answer") == "go" else None
    if event.kind == "announce.wanted":  # that it is finished is told by release.monitoring, with its end
        return MailKind.STARTED if event.data.get("what") == "started" else None
    if event.kind in BACK_FROM_APPROVED and before.get("state") == ReleaseState.APPROVED:
        return MailKind.GO_ENDED
    if event.kind == "release.returned_to_review" and before.get("state") == ReleaseState.DEPLOYING:
        return MailKind.STOPPED
    if event.kind in ("window.set", "window.moved") and _is_beside(event, *SAME_ACT, after=True):
        return None
    if event.kind == "run.sent_back_offline" and _is_beside(event, event.kind):
        return None  # the mail about the first region tells of all that were seen with it
    return KIND_OF.get(event.kind)


def _who(event: Event, kind: MailKind, release: Release) -> str:
    """The name of who did it; a start is its starter's act, though the engine tells of it."""
    run = release.production_run if kind == MailKind.STARTED else None
    return _name(run.started_by if run is not None else event.actor)


def _name(actor: str) -> str:
    return labels([actor])[actor]


def _is_beside(event: Event, *kinds: str, after: bool = False) -> bool:
    """Does an event of these kinds, of the same actor and instant, stand before this one (or after it)?"""
    places = (event.seq - 1, event.seq + 1) if after else (event.seq - 1,)
    beside = Event.objects.filter(stream=event.stream, seq__in=places, kind__in=kinds, actor=event.actor)
    return beside.filter(at__range=(event.at - INSTANT, event.at + INSTANT)).exists()
