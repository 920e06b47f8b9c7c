"""WHO may do WHAT: the one table. Pages, API, admin and services ask here and nowhere else.

`require(actor, action)` raises NotAllowed with a sentence that says who may; `may` tells the same
without raising, so that a page can show a disabled control with its reason. `may_sign` adds what
holds for one person at one gate: the line "an author may not sign" stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from accounts.actors import Actor
from accounts.roles import Role, Scope
from approvals.rules import may_ever_sign
from approvals.states import Answer
from events.errors import NotAllowed

if TYPE_CHECKING:
    from approvals.models import Gate

RM, DEVOPS, QA, SECURITY = (
    Role.RELEASE_MANAGER,
    Role.DEVOPS_ENGINEER,
    Role.QA_LEAD,
    Role.SECURITY_OFFICER,
)
DEVELOPER, SUPPORT, STAKEHOLDER, AUDITOR, ADMINISTRATOR = (
    Role.DEVELOPER,
    Role.SUPPORT,
    Role.STAKEHOLDER,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
)
EVERYONE = frozenset(Role)

Services = Literal["yes", "before production", "never"]


class Action(StrEnum):
    """Everything that somebody can ask of the portal, reading included."""

    READ_RELEASES = "read releases"
    READ_DEPLOYMENTS = "read deployments"
    READ_EVENTS = "read a release's events"
    READ_AUDIT = "read the audit trail"
    MANAGE_HOLDS = "place and lift legal holds"
    READ_OUTBOX = "read the outbox"
    RESEND_MAIL = "send a refused e-mail again"
    BE_TOLD = "be told by e-mail of every release's way to production"
    READ_PEOPLE = "see people and roles"
    CREATE_RELEASE = "create a release"
    EDIT_CONTENT = "change a release's content"
    ANNOTATE = "change a release's notes and authors"
    RECORD_CHECKLIST = "record a checklist result"
    RECORD_VALIDATION = "record a staging validation"
    RECORD_FACT = "record a fact by hand"
    DEPLOY_DEVELOPMENT = "deploy to development"
    STAGE = "deploy to staging"
    SUBMIT = "submit for sign-off"
    SET_WINDOW = "set the production window"
    REPLAN = "freeze a new plan"
    REBASE = "rebase on what production runs"
    CANCEL = "cancel a release"
    REOPEN = "reopen a rejected release"
    FOLLOW_UP = "make a follow-up release"
    SIGN = "sign"
    NAME_DEPUTY = "name a deputy"
    WITHDRAW_POLICY = "take back a changed approval policy"
    DECIDE = "decide go or no-go"
    WATCH = "say that they are watching"
    DEPLOY = "start a production deployment"
    PAUSE = "pause or resume a deployment"
    PROMOTE = "promote a deployment early"
    ABORT = "abort or roll back a deployment"
    STOP = "stop everything in an emergency"
    LIFT_STOP = "lift an emergency stop"
    BREAK_GLASS = "break the glass for a release"
    OVERRIDE_FREEZE = "override a freeze"
    RECORD_LATE = "record an emergency afterwards"
    FOLLOW_REVIEW = "name what follows a review that said no-go"
    RECORD_LESSONS = "record cause and lessons"
    MANAGE_FREEZES = "manage freezes"
    MANAGE_PLATFORM = "load the platform file"
    MANAGE_PEOPLE = "manage people and roles"
    MANAGE_TOKENS = "manage other people's and services' tokens"
    OWN_TOKENS = "manage their own tokens"


@dataclass(frozen=True, slots=True)
class Rule:
    """Roles that may, the scope a token needs on top, and whether a service token can at all."""

    roles: frozenset[Role]
    scope: Scope
    services: Services = "never"


def _rule(*roles: Role, scope: Scope, services: Services = "never") -> Rule:
    return Rule(frozenset(roles), scope, services)


TABLE: dict[Action, Rule] = {
    Action.READ_RELEASES: Rule(EVERYONE, Scope.READ, "yes"),
    Action.READ_DEPLOYMENTS: Rule(EVERYONE, Scope.READ, "yes"),
    Action.READ_EVENTS: Rule(EVERYONE - {STAKEHOLDER}, Scope.READ, "yes"),
    Action.READ_AUDIT: _rule(RM, SECURITY, AUDITOR, ADMINISTRATOR, scope=Scope.READ),
    Action.MANAGE_HOLDS: _rule(SECURITY, AUDITOR, ADMINISTRATOR, scope=Scope.RELEASE),
    Action.READ_OUTBOX: _rule(RM, DEVOPS, SUPPORT, AUDITOR, ADMINISTRATOR, scope=Scope.READ),
    Action.RESEND_MAIL: _rule(RM, DEVOPS, ADMINISTRATOR, scope=Scope.RELEASE),
    Action.BE_TOLD: _rule(RM, DEVOPS, QA, SECURITY, SUPPORT, STAKEHOLDER, scope=Scope.READ),
    Action.READ_PEOPLE: Rule(EVERYONE - {STAKEHOLDER}, Scope.READ),
    Action.CREATE_RELEASE: _rule(RM, DEVOPS, DEVELOPER, scope=Scope.RELEASE, services="yes"),
    Action.EDIT_CONTENT: _rule(RM, DEVOPS, DEVELOPER, scope=Scope.RELEASE, services="yes"),
    Action.ANNOTATE: _rule(RM, DEVOPS, DEVELOPER, QA, SECURITY, scope=Scope.RELEASE, services="yes"),
    Action.RECORD_CHECKLIST: _rule(RM, DEVOPS, QA, SECURITY, DEVELOPER, scope=Scope.RELEASE, services="yes"),
    Action.RECORD_VALIDATION: _rule(QA, DEVOPS, SECURITY, scope=Scope.RELEASE, services="yes"),
    Action.RECORD_FACT: _rule(RM, DEVOPS, SUPPORT, SECURITY, scope=Scope.RELEASE, services="yes"),
    Action.DEPLOY_DEVELOPMENT: _rule(RM, DEVOPS, QA, DEVELOPER, scope=Scope.STAGE, services="yes"),
    Action.STAGE: _rule(RM, DEVOPS, QA, DEVELOPER, scope=Scope.STAGE, services="yes"),
    Action.SUBMIT: _rule(RM, QA, scope=Scope.RELEASE, services="yes"),
    Action.SET_WINDOW: _rule(RM, scope=Scope.RELEASE),
    Action.REPLAN: _rule(RM, DEVOPS, scope=Scope.RELEASE),
    Action.REBASE: _rule(RM, DEVOPS, DEVELOPER, scope=Scope.RELEASE, services="yes"),
    Action.CANCEL: _rule(RM, scope=Scope.RELEASE),
    Action.REOPEN: _rule(RM, scope=Scope.RELEASE),
    Action.FOLLOW_UP: _rule(RM, DEVELOPER, scope=Scope.RELEASE),
    Action.SIGN: _rule(RM, DEVOPS, QA, SECURITY, DEVELOPER, SUPPORT, STAKEHOLDER, scope=Scope.SIGN),
    Action.NAME_DEPUTY: Rule(EVERYONE - {AUDITOR}, Scope.SIGN),
    Action.WITHDRAW_POLICY: _rule(ADMINISTRATOR, scope=Scope.RELEASE),
    Action.DECIDE: _rule(RM, scope=Scope.SIGN),
    Action.WATCH: _rule(DEVOPS, scope=Scope.DEPLOY),
    Action.DEPLOY: _rule(DEVOPS, scope=Scope.DEPLOY),
    Action.PAUSE: _rule(DEVOPS, RM, scope=Scope.DEPLOY),
    Action.PROMOTE: _rule(DEVOPS, scope=Scope.DEPLOY),
    Action.ABORT: _rule(DEVOPS, RM, QA, SECURITY, SUPPORT, scope=Scope.DEPLOY),
    Action.STOP: _rule(DEVOPS, RM, QA, SECURITY, DEVELOPER, SUPPORT, scope=Scope.DEPLOY),
    Action.LIFT_STOP: _rule(RM, DEVOPS, scope=Scope.DEPLOY),
    Action.BREAK_GLASS: _rule(RM, SECURITY, scope=Scope.SIGN),
    Action.OVERRIDE_FREEZE: _rule(RM, SECURITY, scope=Scope.SIGN),
    Action.RECORD_LATE: _rule(RM, DEVOPS, SECURITY, scope=Scope.RELEASE),
    Action.FOLLOW_REVIEW: _rule(RM, SECURITY, scope=Scope.SIGN),
    Action.RECORD_LESSONS: _rule(RM, DEVOPS, QA, SECURITY, scope=Scope.RELEASE),
    Action.MANAGE_FREEZES: _rule(RM, scope=Scope.RELEASE),
    Action.MANAGE_PLATFORM: _rule(ADMINISTRATOR, scope=Scope.RELEASE),
    Action.MANAGE_PEOPLE: _rule(ADMINISTRATOR, scope=Scope.RELEASE),
    Action.MANAGE_TOKENS: _rule(ADMINISTRATOR, scope=Scope.RELEASE),
    Action.OWN_TOKENS: Rule(EVERYONE, Scope.SIGN),
}


def who_may(action: Action) -> str:
    """The roles that may, as words for a sentence: "a Release Manager or a QA Lead"."""
    roles = TABLE[action].roles
    if roles == EVERYONE:
        return "anybody with a role"
    names = [f"{'an' if role.label[0] in 'AEIOU' else 'a'} {role.label}" for role in Role if role in roles]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def may(actor: Actor, action: Action) -> str | None:
    """None when the table lets this actor do it, else the sentence that says who can."""
    rule = TABLE[action]
    if actor.kind == "system":
        return None
    if actor.scopes is not None and rule.scope not in actor.scopes:
        return f"This token has no scope “{rule.scope}”, which it needs to {action}."
    if actor.kind == "service":
        if rule.services == "never":
            return f"A service token can never {action}; {who_may(action)} can."
        return None
    if not actor.roles & rule.roles:
        return f"{actor.label} may not {action}; {who_may(action)} can."
    return None


def require(actor: Actor, action: Action) -> None:
    """Raise NotAllowed unless the table lets this actor do it."""
    sentence = may(actor, action)
    if sentence is not None:
        raise NotAllowed(sentence)


def may_sign(gate: Gate, actor: Actor, role: Role) -> str | None:
    """None when this actor may sign this gate in this role, else the sentence that says why not."""
    return may_sign_here(gate, actor, role) or signed_otherwise(gate, actor, role)


def may_sign_here(gate: Gate, actor: Actor, role: Role) -> str | None:
    """The same by this gate alone, whatever stands at others of its subject."""
    refusal = may(actor, Action.SIGN)
    if refusal is not None or not actor.is_person:
        return refusal or "The portal itself never signs; only people do."
    barred = why_barred(gate, actor)
    if barred is not None:
        return f"{actor.label} may not sign {gate.label}: {barred}"
    if role not in actor.roles:
        return f"{actor.label} does not hold the role {role.label} and cannot sign in it."
    if all(requirement.role != role for requirement in gate.requirements.all()):
        return f"{gate.label} asks no {role.label} for a signature."
    if not gate.is_live:
        return f"This gate is {gate.status.label.lower()} and takes no more signatures."
    if gate.is_overdue:
        return f"This gate expired at {gate.expires_at:%Y-%m-%d %H:%M} UTC; it can be asked again."
    earlier = [s for s in gate.standing_signoffs if actor.user and s.person_id == actor.user.pk]
    if "one_person_two_roles" in gate.exceptions:
        earlier = [s for s in earlier if s.role == role]
    if earlier:  # one person, one role, one gate
        return f"{actor.label} has signed {gate.label} already, as {Role(earlier[0].role).label}."
    return _given_by_their_other(gate, actor, role)


def signed_otherwise(gate: Gate, actor: Actor, role: Role) -> str | None:
    """None, or that this person stands in another role at another gate of the same subject."""
    if actor.user is None or "one_person_two_roles" in gate.exceptions:
        return None
    for other in gate.answers_elsewhere:  # one person, one role, whichever of its gates asks
        if other.person_id == actor.user.pk and other.role != role:
            return (
                f"{actor.label} has signed this already as {Role(other.role).label} (gate "
                f"{other.kind}), and one person signs in one role. Another {role.label} can."
            )
    return None


def voices(gate: Gate, actor: Actor, role: Role) -> list[int]:
    """Whose signature in this role it would be, by user id: the actor's, or of whom they stand in for.

    Without those who have given theirs: a person and their deputies give one signature together.
    """
    given = {s.voice for s in gate.standing_signoffs if s.role == role}
    own = (actor.user.pk,) if actor.user is not None else ()
    return [voice for voice in actor.lent.get(role, own) if voice not in given]


def _given_by_their_other(gate: Gate, actor: Actor, role: Role) -> str | None:
    """None, or that the principal or another deputy of theirs has filled the place that this would fill."""
    if actor.user is None or voices(gate, actor, role):
        return None
    mine = actor.lent.get(role, (actor.user.pk,))
    given = next(s for s in gate.standing_signoffs if s.role == role and s.voice in mine)
    whose = given.stands_in_for or given.person
    by = given.person.handle + (f" for {whose.handle}" if given.stands_in_for else "")
    return (
        f"{by} has signed {gate.label} as {role.label} already, and {whose.handle} and their deputies "
        f"give one signature together. Another {role.label} can."
    )


def why_barred(gate: Gate, actor: Actor) -> str | None:
    """Why this person signs nothing at this gate (an author, or never by the policy), or None."""
    if actor.id in gate.barred and "author_signs" not in gate.exceptions:  # an author may not sign
        reason: str = gate.barred[actor.id]
        return reason
    never = may_ever_sign(gate.never_sign, actor.label, actor.roles)
    return None if never is None else f"{never}."


def why_invalid(gate: Gate, signer: Actor, role: Role) -> str | None:
    """Why a signature given earlier no longer counts (account, role or authorship), or None."""
    if not signer.roles:
        return f"{signer.label} no longer has an active account with a role."
    if role not in signer.roles:
        return f"{signer.label} no longer holds the role {role.label}."
    barred = why_barred(gate, signer)
    if barred is not None:
        return f"{signer.label} may no longer sign {gate.label}: {barred}"
    return None


def is_only_signer(gate: Gate, actor_id: str) -> bool:
    """True when every go that stands at this gate is this person's."""
    return {s.person.actor_id for s in gate.standing_signoffs if s.answer == Answer.GO} == {actor_id}


def may_start(gate: Gate, actor_id: str, label: str) -> str | None:
    """None, or why this person may not start what the gate allows: they are its only signer."""
    if not is_only_signer(gate, actor_id) or "starter_is_only_signer" in gate.exceptions:
        return None
    return (
        f"{label} is the only one who signed {gate.label}, and whoever starts the production run is not its "
        "only signer. Somebody else can start it, or sign too."
    )
