"""What a gate still waits for and from whom; read by pages, the API, releases and e-mail.

A fixed number of queries whatever the number of gates: `standings` is for lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from accounts.actors import Actor
from accounts.models import User
from accounts.roles import Role
from approvals.models import Decision, Gate, Requirement, SignOff
from approvals.models.gates import elsewhere
from approvals.policy import Action, may, may_sign, signed_otherwise, why_barred
from approvals.queries.people import role_holders
from approvals.rules import Asked, why_unmet
from approvals.states import LIVE, Answer, DecisionAnswer, GateState
from events.errors import Blocker

PEOPLE = "_role_holders_read"  # on a gate: who holds a role, as its reader found it
StandingState = Literal["waiting", "signed", "veto", "void"]


@dataclass(frozen=True, slots=True)
class RequirementStanding:
    """One requirement with its answers. `who_can` are handles of people who may sign it now."""

    role: Role
    meaning: str
    needed: int
    signoffs: tuple[SignOff, ...]
    state: StandingState
    who_can: tuple[str, ...]


def parts(to_gate: str = "") -> tuple[Prefetch[str], ...]:
    """What `standing` reads of a gate, for `prefetch_related`; `to_gate` is the way there ("gate__")."""
    given = SignOff.objects.select_related("person", "stands_in_for").order_by("at", "pk")
    asked = Requirement.objects.annotate(elsewhere=elsewhere())
    return (Prefetch(f"{to_gate}requirements", asked), Prefetch(f"{to_gate}signoffs", given))


def gates() -> QuerySet[Gate]:
    """Gates with all that `standing` reads."""
    return Gate.objects.prefetch_related(*parts())


def read(found: Sequence[Gate]) -> dict[int, Gate]:
    """These gates by their id, with all that `standing` reads; those that have it are not read again."""
    prefetch_related_objects([gate for gate in found if not is_read(gate)], *parts())
    return {gate.pk: gate for gate in found}


def is_read(gate: Gate) -> bool:
    """True when `gates()` has read this gate with its requirements and signatures."""
    return {"requirements", "signoffs"} <= set(getattr(gate, "_prefetched_objects_cache", ()))


def standing(gate: Gate) -> list[RequirementStanding]:
    """The requirements of one gate in the policy's order, with who has answered and who can."""
    return standings([gate])[gate.pk]


def standings(asked: Sequence[Gate]) -> dict[int, list[RequirementStanding]]:
    """`standing` for many gates by their id; gates that `gates()` has read are not read again."""
    read = {gate.pk: gate for gate in asked if is_read(gate)}
    fresh = read | gates().in_bulk([gate.pk for gate in asked if gate.pk not in read])
    people = _signers_of([gate for gate in fresh.values() if gate.is_live and _asks(gate)])
    return {
        pk: [_standing_of(gate, requirement, people) for requirement in gate.requirements.all()]
        for pk, gate in fresh.items()
    }


def _standing_of(gate: Gate, requirement: Requirement, people: list[Actor]) -> RequirementStanding:
    role = Role(requirement.role)
    given = [s for s in gate.signoffs.all() if s.role == role]
    counting = [s for s in given if s.stands]
    state: StandingState = "waiting"
    if any(s.answer == Answer.NO_GO for s in counting):
        state = "veto"
    elif gate.status in (GateState.VOID, GateState.EXPIRED):
        state = "void"
    elif len(counting) >= requirement.count:
        state = "signed"
    shown = given if state == "void" else counting
    who_can = [p.label for p in people if state == "waiting" and may_sign(gate, p, role) is None]
    return RequirementStanding(
        role, requirement.meaning, requirement.count, tuple(shown), state, tuple(who_can)
    )


def _asks(gate: Gate) -> bool:
    """Does a requirement still wait for somebody?"""
    return any(_is_unmet(gate, requirement) for requirement in gate.requirements.all())


def _signers_of(live: Sequence[Gate]) -> list[Actor]:
    """Who may be able to sign; kept with the gates, so that one page reads it once."""
    known = (getattr(gate, PEOPLE, None) for gate in live)
    people = next((found for found in known if found is not None), None)
    if people is None:
        people = role_holders() if live else []
    for gate in live:
        setattr(gate, PEOPLE, people)
    return people


def missing(gate: Gate) -> list[Blocker]:
    """What keeps a live gate from being satisfied, one blocker a requirement; empty when satisfied."""
    if gate.status == GateState.SATISFIED:  # also by one signature and broken glass
        return []
    return [_blocker(row) for row in standing(gate) if row.state != "signed"]


def _blocker(row: RequirementStanding) -> Blocker:
    people = " or ".join(f"@{handle}" for handle in row.who_can)
    there = f"{people} can give it" if people else "nobody who may give it holds the role"
    return Blocker(
        code=f"signoff-{row.role.value.replace('_', '-')}",
        sentence=f"The sign-off of the {row.role.label} ({row.meaning}) is missing: {there}.",
        who=people or f"an Administrator, who can name another {row.role.label}",
    )


def unmeetable(gate: Gate) -> str:
    """Why the present people cannot satisfy this gate, with what they have signed already; else ""."""
    people = {
        person.label: _voices_by_role(gate, person)
        for person in _signers_of([gate])
        if why_barred(gate, person) is None and may(person, Action.SIGN) is None
    }
    asked = [Asked(Role(r.role), r.count, r.meaning) for r in gate.requirements.all()]
    two_roles = "one_person_two_roles" in gate.exceptions
    signed = {s.person.handle: {Role(s.role): (s.voice,)} for s in gate.standing_signoffs}
    held = people if two_roles else people | signed
    return why_unmet(gate.label, asked, held, two_roles=two_roles) or ""


def _voices_by_role(gate: Gate, person: Actor) -> dict[Role, tuple[int, ...]]:
    """The roles that somebody may sign in here, with whose signatures those would be."""
    assert person.user is not None  # only people hold roles
    return {
        role: person.lent.get(role, (person.user.pk,))
        for role in person.roles
        if signed_otherwise(gate, person, role) is None
    }


def who_can_sign(gate: Gate) -> dict[int, tuple[Role, ...]]:
    """User id → the roles in which this person can still sign this gate; for mail and pages."""
    able: dict[int, tuple[Role, ...]] = {}
    fresh = gates().get(pk=gate.pk)
    waiting = [row.role for row in standing(fresh) if row.state == "waiting"]
    for person in role_holders():
        roles = tuple(role for role in waiting if may_sign(fresh, person, role) is None)
        if roles and person.user is not None:
            able[person.user.pk] = roles
    return able


def waiting_for(actor: Actor, among: Iterable[Gate] | None = None) -> list[tuple[Gate, tuple[Role, ...]]]:
    """The open gates that this person can sign now, oldest first, with the roles to sign in.

    `among` are gates that `gates()` has read already; without it all open ones are read.
    """
    found = []
    if among is None:
        among = gates().filter(state=GateState.OPEN)
    opened = (gate for gate in among if gate.status == GateState.OPEN)
    for gate in sorted(opened, key=lambda gate: (gate.opened_at, gate.pk)):
        unmet = [r for r in gate.requirements.all() if _is_unmet(gate, r)]
        roles = tuple(Role(r.role) for r in unmet if may_sign(gate, actor, Role(r.role)) is None)
        if roles:
            found.append((gate, roles))
    return found


def _is_unmet(gate: Gate, requirement: Requirement) -> bool:
    return sum(s.role == requirement.role for s in gate.standing_signoffs) < requirement.count


def live_gate(stream: str, kind: str) -> Gate | None:
    """The gate of this subject that takes answers now, or None."""
    return gates().filter(stream=stream, kind=kind, state__in=LIVE).first()


def standing_go(gate: Gate) -> Decision | None:
    """The go that stands for this gate, or None."""
    return gate.decisions.filter(answer=DecisionAnswer.GO, revoked_at=None).select_related("by").first()


def signers(gate: Gate) -> Iterable[User]:
    """Everybody who has ever answered this gate, whether or not the answer still counts."""
    return User.objects.filter(signoffs__gate=gate).distinct()
