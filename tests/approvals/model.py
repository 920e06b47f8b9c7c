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
    goes: list[tuple[str, str]] = field(default_factory=list)
    """(person, role) of goes that stand."""
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
        return all(sum(r == role for _, r in self.goes) >= n for role, n in self.rules.counts.items())

    def bars(self, name: str) -> bool:
        """Authors and whoever the policy names."""
        return (name in self.barred and "author_signs" not in self.allows) or name in self.never

    def is_late(self, now: datetime) -> bool:
        """Its time is over."""
        return self.expires is not None and now >= self.expires

    def drop(self, name: str, role: str) -> None:
        """One go ends; a decision outlives it only where enough others are left."""
        self.goes.remove((name, role))
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

    def counts(self, asked: Asked, name: str, role: str, now: datetime) -> bool:
        """Does a go that was given count at this moment?"""
        return role in self.held(name, now) and not asked.bars(name)

    def why_not(self, asked: Asked, others: list[Asked], name: str, role: str, now: datetime) -> str | None:
        """The refusal that somebody gets who signs in a role about the right seal, or None."""
        mine = {r for n, r in asked.goes if n == name}
        if "one_person_two_roles" in asked.allows:
            mine &= {role}
        fits = role in asked.rules.counts and self.counts(asked, name, role, now)
        if asked.ended or asked.is_late(now):
            return "GateClosed"
        if not fits or mine:
            return "AlreadySigned" if any(n == name for n, _ in asked.goes) else "MayNotSign"
        if "one_person_two_roles" in asked.allows:
            return None
        elsewhere = {r for o in others if not o.ended for n, r in o.goes if n == name}
        return "AlreadySigned" if elsewhere - {role} else None

    def can_be_met(self, rules: Rules) -> bool:
        """By people in their own name: a rule must hold when deputies are gone."""
        able = {name: {r for r in ROLES if self.has(name, r)} for name in NAMES if name not in rules.never}
        return placed(rules.counts, able, "one_person_two_roles" in rules.exceptions)

    def is_stuck(self, asked: Asked, now: datetime) -> bool:
        """Nobody present can give what this gate still waits for."""
        two_roles = "one_person_two_roles" in asked.allows
        able = {name: self.held(name, now) for name in NAMES if not asked.bars(name)}
        if not two_roles:
            able |= {name: {role} for name, role in asked.goes}
        return not placed(asked.rules.counts, able, two_roles)


def placed(counts: Counts, able: dict[str, set[str]], two_roles: bool) -> bool:
    """Try every assignment of people to places; with `two_roles` each role by itself."""
    if two_roles:
        return all(sum(role in held for held in able.values()) >= n for role, n in counts.items())
    places = [role for role, n in counts.items() for _ in range(n)]
    return any(
        all(role in able[name] for name, role in zip(chosen, places, strict=True))
        for chosen in itertools.permutations(able, len(places))
    )
