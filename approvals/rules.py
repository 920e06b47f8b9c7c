"""The approval policy as data: rules by gate kind, environment and kind of release. Pure.

In: the `rules` of a document, in the resolved form that a version keeps (`like` is followed, defaults
are in it). Out: `Rule`, frozen into each gate that opens under it. Called by `approvals.versions`,
`services.gates` and the platform file's checks.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from accounts.roles import Role

RELEASE_KINDS = ("feature", "bugfix", "security", "major")
"""The kinds of release that a rule can be for, as `releases.states.Kind` names them."""

EXCEPTIONS = {
    "author_signs": "an author may sign their own release",
    "one_person_two_roles": "one person may sign in two roles of one release",
    "starter_is_only_signer": "its only signer may start the production run",
}
"""Separations that a small team may give up, each only by saying so in the policy, with a reason."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """`count` holders of `role` must say go, and what that means."""

    role: Role
    count: int
    meaning: str

    def as_data(self) -> dict[str, Any]:
        """As versions, gates and events keep it."""
        return {"role": self.role.value, "count": self.count, "meaning": self.meaning}


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is asked at one kind of gate. An empty `environment` or `release_kinds` means every one.

    `owed` are signatures that an expedited release need not have now, but within `owed_within`.
    `never_sign` names people (`@login`) and roles whose holders sign nothing at this gate.
    `exceptions` maps names of `EXCEPTIONS` to the declared reason.
    """

    name: str
    gate: str
    environment: str
    release_kinds: tuple[str, ...]
    signatures: tuple[Asked, ...]
    owed: tuple[Asked, ...]
    owed_within: timedelta | None
    expires_after: timedelta | None
    never_sign: tuple[str, ...]
    exceptions: Mapping[str, str]

    def frozen(self) -> dict[str, Any]:
        """What a gate keeps of the rule beside its requirements."""
        owed = None
        if self.owed and self.owed_within is not None:
            within = int(self.owed_within.total_seconds())
            owed = {"within_seconds": within, "signatures": [asked.as_data() for asked in self.owed]}
        return {
            "name": self.name,
            "owed": owed,
            "never_sign": list(self.never_sign),
            "exceptions": dict(self.exceptions),
        }


def handed_in(gate: str, asked: Sequence[Asked], never_sign: Sequence[str] = ()) -> Rule:
    """A rule for one gate only: signatures that another gate has frozen as owed. It never expires."""
    return Rule(gate, gate, "", (), tuple(asked), (), None, None, tuple(never_sign), {})


def rules_of(document: Document) -> tuple[Rule, ...]:
    """The rules of a resolved document."""
    return tuple(_rule(entry) for entry in document["rules"])


def _rule(entry: Mapping[str, Any]) -> Rule:
    owed = entry.get("owed") or {}
    return Rule(
        name=entry["name"],
        gate=entry["gate"],
        environment=entry.get("environment", ""),
        release_kinds=tuple(entry.get("release_kinds", ())),
        signatures=_asked(entry["signatures"]),
        owed=_asked(owed.get("signatures", ())),
        owed_within=_seconds(owed.get("within_seconds")),
        expires_after=_seconds(entry.get("expires_after_seconds")),
        never_sign=tuple(entry.get("never_sign", ())),
        exceptions={e["allow"]: e["reason"] for e in entry.get("exceptions", ())},
    )


def _asked(entries: Iterable[Mapping[str, Any]]) -> tuple[Asked, ...]:
    return tuple(Asked(Role(e["role"]), int(e.get("count", 1)), e["meaning"]) for e in entries)


def _seconds(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(seconds=value)


def rule_for(
    rules: Sequence[Rule], *, gate: str, environment: str = "", release_kind: str = ""
) -> Rule | None:
    """The rule that fits best: one that names the environment beats one that does not, then the kind."""
    fitting = [
        rule
        for rule in rules
        if rule.gate == gate
        and rule.environment in ("", environment)
        and (not rule.release_kinds or release_kind in rule.release_kinds)
    ]
    return max(fitting, key=lambda r: (bool(r.environment), bool(r.release_kinds)), default=None)


Voices = Mapping[str, Mapping[Role, Collection[Hashable]]]
"""Whoever may sign → the roles that they hold → whose signature it would be: theirs, or of whom they lend it.

A person signs in one role only, and each voice counts once in a role: a principal and their deputies give one
signature together.
"""


def own_voices(people: Mapping[str, frozenset[Role]]) -> Voices:
    """Everybody signs for themselves."""
    return {name: dict.fromkeys(roles, (name,)) for name, roles in people.items()}


def can_meet(asked: Sequence[Asked], people: Voices, *, two_roles: bool = False) -> bool:
    """Can these people give every signature asked? With `two_roles` every role is looked at alone."""
    if two_roles:
        return all(given(one, people) >= one.count for one in asked)
    return _most(asked, people) == sum(one.count for one in asked)


def given(one: Asked, people: Voices) -> int:
    """How many of the signatures of one role these people can give, where they sign nothing else."""
    return _most([one], people)


def _most(asked: Sequence[Asked], people: Voices) -> int:
    """A greatest flow from places over voices to people, each of which carries one signature."""
    ways: dict[Hashable, set[Hashable]] = defaultdict(set)
    for one in asked:
        for number in range(one.count):
            place = ("place", one.role, number)
            ways["start"].add(place)
            for name, held in people.items():
                for voice in held.get(one.role, ()):
                    ways[place].add(("voice", one.role, voice))
                    ways["voice", one.role, voice].add(("said", one.role, voice))
                    ways["said", one.role, voice].add(("person", name))
                    ways["person", name].add("end")
    found = 0
    while (path := _path(ways)) is not None:
        found += 1
        for here, there in pairwise(path):  # what is taken can be given back by a later path
            ways[here].remove(there)
            ways[there].add(here)
    return found


def _path(ways: Mapping[Hashable, set[Hashable]]) -> list[Hashable] | None:
    """A shortest way from start to end, or None."""
    came: dict[Hashable, Hashable] = {"start": "start"}
    ahead: deque[Hashable] = deque(["start"])
    while ahead and "end" not in came:
        here = ahead.popleft()
        for there in ways.get(here, ()):
            if there not in came:
                came[there] = here
                ahead.append(there)
    if "end" not in came:
        return None
    path: list[Hashable] = ["end"]
    while path[-1] != "start":
        path.append(came[path[-1]])
    return path[::-1]


def why_unmet(
    rule_name: str, asked: Sequence[Asked], people: Voices, *, two_roles: bool = False
) -> str | None:
    """None when these people can give every signature asked, else the sentence that says why not."""
    if can_meet(asked, people, two_roles=two_roles):
        return None
    for one in asked:
        able = sorted(name for name, held in people.items() if held.get(one.role))
        enough = given(one, people)
        if enough < one.count:
            there = f"only {', '.join(able)} may give it" if able else "nobody may give it"
            if enough < len(able):
                there += ", and a deputy and whom they stand in for give one signature together"
            return f"“{rule_name}” asks {one.count} × {one.role.label}, and {there}."
    roles = ", ".join(f"{one.count} × {one.role.label}" for one in asked)
    able = sorted(name for name, held in people.items() if any(held.get(one.role) for one in asked))
    return (
        f"“{rule_name}” asks {roles}, and each person signs in one role only: {', '.join(able)} are too few."
    )


def may_ever_sign(rule_never: Iterable[str], name: str, roles: frozenset[Role]) -> str | None:
    """None, or why the frozen `never_sign` bars this person: by name or by a role that they hold."""
    for barred in rule_never:
        if barred == f"@{name}":
            return f"the policy says that {name} may never sign here"
        if barred in Role.values and Role(barred) in roles:
            return f"the policy says that whoever holds the role {Role(barred).label} may never sign here"
    return None
