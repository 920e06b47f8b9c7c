"""The acts of a release in its present state: what can be pressed, and why not.

In: an actor and a release. Out: `Act`s, drawn by components/act.html. States and roles come from
`releases.verbs` and the policy table; services refuse by the same two.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from accounts.actors import Actor
from approvals.acts import Act, refusal
from releases.models import Release
from releases.states import ReleaseState
from releases.verbs import WAYS, Verb


@dataclass(frozen=True, slots=True)
class Shown:
    """How one verb is shown: its route, words and icon; `first` in these states it leads the page."""

    verb: Verb
    route: str
    label: str
    icon: str
    first: frozenset[ReleaseState] = frozenset()
    kind: str = ""


S = ReleaseState
SHOWN = (
    Shown(Verb.STAGE, "stage", "Deploy to staging", "right", frozenset({S.DRAFT})),
    Shown(Verb.SUBMIT, "submit", "Submit for sign-off", "pen", frozenset({S.VALIDATING})),
    Shown(Verb.DEPLOY, "deploy", "Start in production", "play", frozenset({S.APPROVED})),
    Shown(Verb.WATCH, "watching", "I am watching", "person", frozenset({S.APPROVED})),
    Shown(Verb.RECORD_LESSONS, "lessons", "Write cause and lessons", "pen", frozenset({S.ROLLED_BACK})),
    Shown(Verb.FOLLOW_UP, "follow-up", "Follow up", "right", frozenset({S.ROLLED_BACK})),
    Shown(Verb.REOPEN, "reopen", "Reopen", "reset", frozenset({S.REJECTED})),
    Shown(Verb.DEPLOY_DEVELOPMENT, "development", "Deploy to development", "right"),
    Shown(Verb.SET_WINDOW, "window", "Set the window", "calendar"),
    Shown(Verb.ANNOTATE, "edit", "Change title and notes", "doc"),
    Shown(Verb.SET_AUTHORS, "authors", "Change authors", "people"),
    Shown(Verb.REBASE, "rebase", "Rebase", "reset"),
    Shown(Verb.ASK_AGAIN, "ask-again", "Ask for signatures again", "pen"),
    Shown(Verb.REPLAN, "replan", "Freeze a new plan", "lock"),
    Shown(
        Verb.ROLL_BACK,
        "rollback",
        "Abort and roll back",
        "back",
        frozenset({S.DEPLOYING, S.MONITORING}),
        "danger",
    ),
    Shown(Verb.BREAK_GLASS, "break-glass", "Break the glass", "alert", kind="danger"),
    Shown(Verb.OVERRIDE_FREEZE, "override-freezes", "Override a freeze", "frost", kind="danger"),
    Shown(Verb.CANCEL, "cancel", "Cancel the release", "cross", kind="danger"),
)


def acts(actor: Actor, release: Release) -> tuple[list[Act], list[Act]]:
    """(leading acts, the others behind "More"): those that lead on from the release's state."""
    taught = release.status == S.ROLLED_BACK and release.lessons.exists()
    leading: list[Act] = []
    more: list[Act] = []
    for shown in SHOWN:
        if release.status not in WAYS[shown.verb].states:
            continue
        leads = release.status in shown.first and not (taught and shown.verb == Verb.RECORD_LESSONS)
        act = _act(actor, release, shown, primary=leads and not leading)
        (leading if leads else more).append(act)
    return leading, more


def act_for(actor: Actor, release: Release, verb: Verb) -> Act | None:
    """One act, or None where the state does not lead on by it."""
    shown = next(s for s in SHOWN if s.verb == verb)
    return _act(actor, release, shown) if release.status in WAYS[verb].states else None


def act_for_content(actor: Actor, release: Release) -> Act | None:
    """Whether components can be changed now, as an act without an address of its own."""
    way = WAYS[Verb.EDIT_CONTENT]
    if release.status not in way.states:
        return None
    return Act("content", "Change", release.link, refused=refusal(actor, way.action))


def _act(actor: Actor, release: Release, shown: Shown, *, primary: bool = False) -> Act:
    kind = shown.kind or ("primary" if primary else "")
    return Act(
        id=shown.route,
        label=shown.label,
        url=reverse(f"releases:{shown.route}", args=[release.version]),
        icon=shown.icon,
        kind=kind,
        refused=refusal(actor, WAYS[shown.verb].action, lambda: _needless(release, shown.verb)),
        asks=True,
    )


def _needless(release: Release, verb: Verb) -> str | None:
    """Why there is nothing to do, as far as the page has read it already."""
    if verb != Verb.OVERRIDE_FREEZE or getattr(release, "meets_freeze", True):
        return None
    return f"No freeze stands in the way of the window of {release.version}."
