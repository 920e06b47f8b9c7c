"""What can be done with a release, from which states, under which line of the policy table.

The one table of verbs: services refuse by it, pages disable by it, docs/states.md shows it. Pure
apart from the names of `approvals.policy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from approvals.policy import Action
from releases.states import BEFORE_START, ENDS, ReleaseState

S = ReleaseState


class Verb(StrEnum):
    """Each service of a release, as it reads in a sentence: "… cannot be staged"."""

    EDIT_CONTENT = "be given other content"
    SET_KIND = "be given another kind"
    ANNOTATE = "be annotated"
    SET_AUTHORS = "be given other authors"
    PLAN_FORWARD_FIX = "be given another forward-fix plan"
    RECORD_CHECKLIST = "take a checklist result"
    RECORD_VALIDATION = "take a validation result"
    RECORD_FACT = "take a fact by hand"
    DEPLOY_DEVELOPMENT = "be deployed to development"
    STAGE = "be staged"
    SUBMIT = "be submitted"
    SET_WINDOW = "be given a window"
    REPLAN = "be replanned"
    ASK_AGAIN = "be asked again"
    REBASE = "be rebased"
    CANCEL = "be cancelled"
    REOPEN = "be reopened"
    FOLLOW_UP = "be followed up"
    SIGN = "be signed"
    WITHDRAW = "have a signature withdrawn"
    DECIDE = "be decided"
    POSTPONE = "be postponed"
    BREAK_GLASS = "have its glass broken"
    OVERRIDE_FREEZE = "be let through a freeze"
    WATCH = "be watched"
    DEPLOY = "be started"
    ROLL_BACK = "be rolled back"
    RECORD_LESSONS = "be given lessons"


@dataclass(frozen=True, slots=True)
class Way:
    """Who may (the table's action) and from which states."""

    action: Action
    states: frozenset[ReleaseState]


def _way(action: Action, *states: ReleaseState) -> Way:
    return Way(action, frozenset(states))


_PREPARING = (S.DRAFT, S.STAGING, S.VALIDATING)
_BEFORE_REJECTION = (*_PREPARING, S.REVIEW, S.APPROVED)
_UNDER_WAY = (S.DEPLOYING, S.MONITORING)

WAYS: dict[Verb, Way] = {
    Verb.EDIT_CONTENT: _way(Action.EDIT_CONTENT, S.DRAFT, S.VALIDATING, S.REVIEW, S.APPROVED),
    Verb.SET_KIND: _way(Action.EDIT_CONTENT, S.DRAFT, S.VALIDATING),
    Verb.ANNOTATE: _way(Action.ANNOTATE, *ReleaseState),
    Verb.SET_AUTHORS: _way(Action.ANNOTATE, *_BEFORE_REJECTION, S.REJECTED),
    Verb.PLAN_FORWARD_FIX: _way(Action.ANNOTATE, *_PREPARING),
    Verb.RECORD_CHECKLIST: _way(Action.RECORD_CHECKLIST, *_BEFORE_REJECTION),
    Verb.RECORD_VALIDATION: _way(Action.RECORD_VALIDATION, S.VALIDATING, S.REVIEW, S.APPROVED),
    Verb.RECORD_FACT: _way(Action.RECORD_FACT, *_BEFORE_REJECTION, *_UNDER_WAY),
    Verb.DEPLOY_DEVELOPMENT: _way(Action.DEPLOY_DEVELOPMENT, S.DRAFT),
    Verb.STAGE: _way(Action.STAGE, S.DRAFT),
    Verb.SUBMIT: _way(Action.SUBMIT, S.VALIDATING),
    Verb.SET_WINDOW: _way(Action.SET_WINDOW, *_BEFORE_REJECTION),
    Verb.REPLAN: _way(Action.REPLAN, S.REVIEW, S.APPROVED),
    Verb.ASK_AGAIN: _way(Action.SUBMIT, S.REVIEW, S.APPROVED),
    Verb.REBASE: _way(Action.REBASE, S.DRAFT, S.VALIDATING, S.REVIEW, S.APPROVED),
    Verb.CANCEL: _way(Action.CANCEL, *BEFORE_START),
    Verb.REOPEN: _way(Action.REOPEN, S.REJECTED),
    Verb.FOLLOW_UP: _way(Action.FOLLOW_UP, *ENDS),
    Verb.SIGN: _way(Action.SIGN, S.REVIEW),
    Verb.WITHDRAW: _way(Action.SIGN, S.REVIEW, S.APPROVED),
    Verb.DECIDE: _way(Action.DECIDE, S.REVIEW),
    Verb.POSTPONE: _way(Action.DECIDE, S.REVIEW, S.APPROVED),
    Verb.BREAK_GLASS: _way(Action.BREAK_GLASS, S.REVIEW),
    Verb.OVERRIDE_FREEZE: _way(Action.OVERRIDE_FREEZE, S.REVIEW, S.APPROVED),
    Verb.WATCH: _way(Action.WATCH, S.APPROVED, *_UNDER_WAY),
    Verb.DEPLOY: _way(Action.DEPLOY, S.APPROVED),
    Verb.ROLL_BACK: _way(Action.ABORT, *_UNDER_WAY),
    Verb.RECORD_LESSONS: _way(Action.RECORD_LESSONS, S.ROLLED_BACK),
}

WAY_ON: dict[ReleaseState, str] = {
    S.DRAFT: "Deploy it to staging to go on.",
    S.STAGING: "Wait for the staging run to end, or abort it.",
    S.VALIDATING: "Record the staging validations and submit it to go on.",
    S.REVIEW: "It waits for signatures and the Release Manager's decision.",
    S.APPROVED: "It waits for its window; postponing it leads back to review.",
    S.DEPLOYING: "Its run can be paused, promoted or aborted.",
    S.MONITORING: "It can be rolled back until monitoring ends.",
    S.REJECTED: "A Release Manager can reopen or cancel it.",
    S.COMPLETED: "It is done; a follow-up makes a new draft.",
    S.ROLLED_BACK: "It took production traffic and is never reopened; a follow-up makes a new draft.",
    S.SUPERSEDED: "An emergency release took over; a follow-up makes a new draft.",
    S.CANCELLED: "It is an end; a follow-up makes a new draft.",
}


def refusal(version: str, state: ReleaseState, verb: Verb) -> str | None:
    """None when the verb leads on from this state, else the sentence with the way on."""
    wanted = WAYS[verb].states
    if state in wanted:
        return None
    names = [s.label.lower() for s in ReleaseState if s in wanted]
    some = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"{version} is {in_words(state)}; a release can {verb} only while {some}. {WAY_ON[state]}"


def in_words(state: ReleaseState) -> str:
    """The state as it reads after "is"."""
    words = {S.DRAFT: "a draft", S.STAGING: "on its way to staging", S.VALIDATING: "being validated"}
    return words.get(state, state.label.lower())
