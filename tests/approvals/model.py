"""What the machine of `test_any_sequence` believes: people, roles, deputies, gates and rules, in a few sets.

It shares no code with the portal. Whether a rule can be met is found by trying every assignment of people to
places. `why_not` names the refusal that the portal must give, so that a guard which another one covers up for
is missed as well.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

NAMES = ("ann", "ben", "cem", "dia", "eve")
ROLES = ("release_manager", "qa_lead", "security_officer")
Counts = dict[str, int]
Able = dict[str, dict[str, list[str]]]
"""Person → roles → whose signature it would be."""


class Go(NamedTuple):
    """A go that stands: who signed in which role, and whose place of the count it fills."""

    name: str
    role: str
    voice: str


class Rules(NamedTuple):
    """What the policy says of gate production."""

    counts: Counts
    never: tuple[str, ...] = ()
    """Logins."""
    exceptions: tuple[str, ...] = ()

    def asks_more_than(self, asked: Asked) -> bool:
        """Is this more than the gate asks, which keeps its own version?"""
        more = any(n > asked.rules.counts.get(role, 0) for role, n in self.counts.items())
        return more or not asked.allows <= set(self.exceptions) or not set(self.never) <= asked.never


@dataclass
class Asked:
    """What a gate asks, and who answered."""

    rules: Rules
    expires: datetime | None
    barred: set[str] = field(default_factory=set)
    goes: list[Go] = field(default_factory=list)
    """Those that stand."""
    ended: bool = False
    decided: bool = False
    """A go of the Release Manager stands: approved."""

    @property
    def allows(self) -> set[str]:
        """Exceptions of the rule under which it opened."""
        return set(self.rules.exceptions)

    @property
    def never(self) -> set[str]:
        """Who signs nothing here whatever they hold."""
        return set(self.rules.never)

    def met(self) -> bool:
        """Every role has its goes."""
        return all(sum(go.role == role for go in self.goes) >= n for role, n in self.rules.counts.items())

    def bars(self, name: str) -> bool:
        """Authors and whoever the policy names."""
        return (name in self.barred and "author_signs" not in self.allows) or name in self.never

    def is_late(self, now: datetime) -> bool:
        """Its time is over."""
        return self.expires is not None and now >= self.expires

    def drop(self, name: str, role: str) -> None:
        """One go ends; a decision outlives it only where enough others are left."""
        self.goes = [go for go in self.goes if (go.name, go.role) != (name, role)]
        self.decided = self.decided and self.met()

    def end(self) -> None:
        """It takes no more answers."""
        self.ended, self.decided = True, False


class Lent(NamedTuple):
    """A deputy's time in a role."""

    principal: str
    deputy: str
    role: str
    until: datetime


class Model:
    """Who holds what."""

    def __init__(self) -> None:
        self.roles: dict[str, set[str]] = {name: set() for name in NAMES}
        self.active: set[str] = set(NAMES)
        self.lent: list[Lent] = []

    def has(self, name: str, role: str) -> bool:
        """In their own name."""
        return name in self.active and role in self.roles[name]

    def held(self, name: str, now: datetime) -> set[str]:
        """Roles of somebody at a moment, those that are lent included."""
        if name not in self.active:
            return set()
        lent = {x.role for x in self.lent if x.deputy == name and now < x.until and self.has(x[0], x.role)}
        return self.roles[name] | lent

    def voices(self, name: str, role: str, now: datetime) -> list[str]:
        """Whose signature in this role somebody would give: their own, or that of whom they stand in for."""
        if self.has(name, role):
            return [name]
        lent = [x for x in self.lent if (x.deputy, x.role) == (name, role) and now < x.until]
        return sorted({x.principal for x in lent if name in self.active and self.has(x.principal, role)})

    def left(self, asked: Asked, name: str, role: str, now: datetime) -> list[str]:
        """The same without those who have given theirs."""
        given = {go.voice for go in asked.goes if go.role == role}
        return [voice for voice in self.voices(name, role, now) if voice not in given]

    def counts(self, asked: Asked, name: str, role: str, now: datetime) -> bool:
        """Does a go that was given count at this moment?"""
        return role in self.held(name, now) and not asked.bars(name)

    def why_not(self, asked: Asked, others: list[Asked], name: str, role: str, now: datetime) -> str | None:
        """The refusal that somebody gets who signs in a role about the right seal, or None."""
        mine = {go.role for go in asked.goes if go.name == name}
        if "one_person_two_roles" in asked.allows:
            mine &= {role}
        fits = role in asked.rules.counts and self.counts(asked, name, role, now)
        if asked.ended or asked.is_late(now):
            return "GateClosed"
        if not fits or mine:
            return "AlreadySigned" if any(go.name == name for go in asked.goes) else "MayNotSign"
        if not self.left(asked, name, role, now):
            return "AlreadySigned" if any(go.name == name for go in asked.goes) else "MayNotSign"
        if "one_person_two_roles" in asked.allows:
            return None
        return "AlreadySigned" if signed_in(others, name) - {role} else None

    def can_be_met(self, rules: Rules) -> bool:
        """By people in their own name: a rule must hold when deputies are gone."""
        able: Able = {
            name: {r: [name] for r in ROLES if self.has(name, r)} for name in NAMES if name not in rules.never
        }
        return placed(rules.counts, able, "one_person_two_roles" in rules.exceptions)

    def is_stuck(self, asked: Asked, others: list[Asked], now: datetime) -> bool:
        """Nobody present can give what this gate still waits for."""
        two_roles = "one_person_two_roles" in asked.allows
        able: Able = {
            name: {role: self.voices(name, role, now) for role in self.held(name, now)}
            for name in NAMES
            if not asked.bars(name)
        }
        if not two_roles:
            for name, held in able.items():
                only = signed_in(others, name)
                able[name] = {role: voices for role, voices in held.items() if not only - {role}}
            able |= {go.name: {go.role: [go.voice]} for go in asked.goes}
        return not placed(asked.rules.counts, able, two_roles)


def signed_in(others: list[Asked], name: str) -> set[str]:
    """The roles in which somebody stands at other gates that take answers."""
    return {go.role for other in others if not other.ended for go in other.goes if go.name == name}


def placed(counts: Counts, able: Able, two_roles: bool) -> bool:
    """Try every assignment of people to places, each for a principal of their own; or role by role."""
    if two_roles:
        return all(placed({role: n}, able, two_roles=False) for role, n in counts.items())
    places = [role for role, n in counts.items() for _ in range(n)]
    return any(
        differ(places, [able[name].get(role, []) for name, role in zip(chosen, places, strict=True)])
        for chosen in itertools.permutations(able, len(places))
    )


def differ(places: list[str], choices: list[list[str]]) -> bool:
    """Can everybody who was placed speak for another one in their role?"""
    spoken = (list(zip(places, voices, strict=True)) for voices in itertools.product(*choices))
    return any(len(set(said)) == len(places) for said in spoken)
