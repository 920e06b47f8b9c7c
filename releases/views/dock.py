"""The decision at the foot of the go/no-go room: what it waits for, go, no-go, postpone, start.

In: a release, readiness, the signature cards. Out: `Dock` and the sheets its acts open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import reverse

from accounts.actors import Actor
from approvals.acts import Act, Confirm, refusal
from releases.forms import Sealed, SealedGo
from releases.models import Release
from releases.queries import Readiness
from releases.queries.fact import utc
from releases.states import ReleaseState
from releases.verbs import WAYS, Verb
from releases.views import acts
from releases.views.signs import SignCard

S = ReleaseState
TITLES = {
    S.DRAFT: "Not asked yet: the release is being prepared.",
    S.STAGING: "Not asked yet: the release is on its way to staging.",
    S.VALIDATING: "Not asked yet: the release is being validated on staging.",
    S.APPROVED: "Go was given for the window.",
    S.DEPLOYING: "Go was given; the deployment has begun.",
    S.MONITORING: "Go was given; it is live and watched.",
    S.COMPLETED: "Go was given; the release is done.",
    S.REJECTED: "No-go.",
    S.ROLLED_BACK: "Go was given; the release was rolled back.",
    S.SUPERSEDED: "Go was given; an emergency release took over.",
    S.CANCELLED: "The release was cancelled.",
}


@dataclass(slots=True)
class Dock:
    """A title, what is still missing, and the acts."""

    title: str
    waits: list[str] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


def dock(
    release: Release, actor: Actor, readiness: Readiness | None, cards: list[SignCard]
) -> tuple[Dock, list[Confirm]]:
    """What the dock shows in this state, and the sheets for this reader; ended releases have no readiness."""
    if release.status == S.REVIEW and readiness is not None:
        return _deciding(release, actor, readiness, cards)
    shown = Dock(TITLES[release.status])
    if release.status == S.APPROVED:
        start = acts.act_for(actor, release, Verb.DEPLOY)
        watching = acts.act_for(actor, release, Verb.WATCH)
        postpone = _act(
            "postpone", "Postpone", release, refusal(actor, WAYS[Verb.POSTPONE].action), "calendar"
        )
        shown.waits = [blocker.sentence for blocker in readiness.blockers] if readiness else []
        shown.acts = [act for act in (postpone, watching, start) if act is not None]
    return shown, []


def _deciding(
    release: Release, actor: Actor, readiness: Readiness, cards: list[SignCard]
) -> tuple[Dock, list[Confirm]]:
    waits = [
        "you have signed" if card.yours else f"the {card.role} has signed"
        for card in cards
        if card.state not in ("signed", "veto")
    ]
    others = [b for b in readiness.blockers if b.code not in ("signatures", "state")]
    waits += [blocker.sentence.rstrip(".") for blocker in others]
    told = refusal(actor, WAYS[Verb.DECIDE].action)
    missing = f"Go opens when {'; '.join(waits)}." if waits else ""
    shown = Dock("Go opens when" if waits else "Everything is clear: go is open.", waits)
    shown.acts = [
        _act("no-go", "No-go", release, told, "hand", "danger"),
        _act("postpone", "Postpone", release, told, "calendar"),
        _act("approve", "Go", release, told or missing, "check", "primary"),
    ]
    return shown, [] if told else [no_go_confirm(release), postpone_confirm(release), go_confirm(release)]


def _act(name: str, label: str, release: Release, refused: str, icon: str, kind: str = "") -> Act:
    url = reverse(f"releases:{name}", args=[release.version])
    return Act(name, label, url, icon, kind, refused, asks=True)


def go_confirm(release: Release) -> Confirm:
    """What a go does."""
    window = (
        f"It is for the window {utc(release.window_start)} to {utc(release.window_end)}."
        if release.window_start and release.window_end
        else "The release has no window yet; a go needs one."
    )
    return Confirm(
        id="approve",
        title=f"Go for {release.version}?",
        effects=[
            window,
            "It starts nothing: a DevOps Engineer starts the deployment inside the window, and every "
            "signature and fact is judged again then.",
            "Everybody who was told of the plan is told of the go.",
        ],
        label="Go",
        url=reverse("releases:approve", args=[release.version]),
        icon="check",
        keep="Not yet",
        keep_url=reverse("releases:go", args=[release.version]),
        form=SealedGo(auto_id="approve_%s", initial={"seal": release.seal}),
    )


def no_go_confirm(release: Release) -> Confirm:
    """What a no-go does."""
    return Confirm(
        id="no-go",
        title=f"No-go for {release.version}?",
        effects=[
            "This round ends and its signatures no longer count.",
            "The release is rejected; a Release Manager can reopen it as a draft, or cancel it.",
        ],
        label="No-go",
        url=reverse("releases:no-go", args=[release.version]),
        icon="hand",
        kind="danger",
        keep="Keep it open",
        keep_url=reverse("releases:go", args=[release.version]),
        form=Sealed(auto_id="nogo_%s", initial={"seal": release.seal}),
    )


def postpone_confirm(release: Release) -> Confirm:
    """What postponing does."""
    return Confirm(
        id="postpone",
        title=f"Postpone {release.version}?",
        effects=[
            "The signatures stay, the window does not: set a new one, then decide again.",
            "Everybody who was told of the plan is told that it is postponed.",
        ],
        label="Postpone",
        url=reverse("releases:postpone", args=[release.version]),
        icon="calendar",
        keep="Keep the window",
        keep_url=reverse("releases:go", args=[release.version]),
        form=Sealed(auto_id="postpone_%s", initial={"seal": release.seal}),
    )
