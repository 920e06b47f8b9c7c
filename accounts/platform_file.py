"""The platform file's part of this app: `people`, with their roles and source-host logins.

The file rules what it gave: a role or source login that came from it ends when it no longer stands
there, also for a person who left the file; the account itself stays, switched on or off as it is,
because events name it. What an Administrator gave by hand stays, until the file names it too: from
then on the file rules it. A person is known by `login`; another login is another account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import HANDLE, SourceLogin, User, known_zone
from accounts.roles import Role
from accounts.services import people
from events.platform_file import Problem

SECTIONS: dict[str, Any] = {
    "people": {
        "type": "array",
        "description": "Who has an account, and the roles that they hold.",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["login", "roles"],
            "properties": {
                "login": {"type": "string", "pattern": f"^{HANDLE}$"},
                "name": {"type": "string", "minLength": 1, "maxLength": 120},
                "email": {"type": "string", "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$", "maxLength": 254},
                "zone": {"type": "string", "description": "IANA time zone; UTC when left out"},
                "roles": {"type": "array", "uniqueItems": True, "items": {"enum": list(Role.values)}},
                "source_logins": {
                    "type": "object",
                    "description": "The name under which the person writes commits, by source host.",
                    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 100},
                },
            },
        },
    }
}

Key = tuple[str, str]
"""A source login: host in lower case, login in lower case."""


@dataclass
class Change:
    """What loading would do to one person; `user` is None for somebody new."""

    login: str
    user: User | None
    facts: dict[str, str] = field(default_factory=dict)
    grant: list[Role] = field(default_factory=list)
    end: list[Role] = field(default_factory=list)
    tie: list[tuple[str, str]] = field(default_factory=list)
    untie: list[tuple[str, str]] = field(default_factory=list)

    def sentences(self) -> Iterator[str]:
        """The change, for the plan."""
        if self.user is None:
            yield f"people: @{self.login} gets an account"
        elif self.facts:
            yield f"people: @{self.login} changes {', '.join(sorted(self.facts))}"
        yield from (f"people: @{self.login} becomes {role.label}" for role in self.grant)
        yield from (f"people: @{self.login} is no longer {role.label}" for role in self.end)
        yield from (f"people: {login} at {host} is @{self.login}" for host, login in self.tie)
        yield from (f"people: {login} at {host} is no longer @{self.login}" for host, login in self.untie)


def check(document: dict[str, Any]) -> list[Problem]:
    """Zones that do not exist; a login, address or source login that stands for two people."""
    problems: list[Problem] = []
    seen: dict[tuple[str, ...], str] = {}
    for position, entry in enumerate(document.get("people", [])):
        path = f"people[{position}]"
        try:
            known_zone(entry.get("zone", "UTC"))
        except Exception as error:
            problems.append(Problem(f"{path}.zone", " ".join(getattr(error, "messages", [str(error)]))))
        for where, key in _claims(entry):
            if key in seen:
                problems.append(Problem(f"{path}.{where}", f"“{key[-1]}” stands at {seen[key]} already."))
            seen.setdefault(key, f"{path}.{where}")
        problems += _taken(path, entry, document)
    return problems


def plan(document: dict[str, Any]) -> list[str]:
    """What loading would change, one sentence each."""
    return [sentence for change in _changes(document) for sentence in change.sentences()]


@transaction.atomic
def apply(document: dict[str, Any], *, actor: Actor) -> None:
    """Bring accounts, roles and source logins to the document; the same document again does nothing."""
    changes = _changes(document)
    _free_what_moves(changes, actor)
    for change in changes:
        person = change.user or people.add_person(login=change.login, actor=actor)
        if change.facts:
            people.change_person(person, actor=actor, **change.facts)
        for role in change.end:
            people.end_role(person, role, actor, reason="no longer in the platform file", from_file=True)
        for role in change.grant:
            people.grant_role(person, role, actor, from_file=True, reason="platform file")
        for host, login in change.tie:
            _tie(person, host, login, actor)


def _free_what_moves(changes: list[Change], actor: Actor) -> None:
    """Untie logins and clear addresses first, so that they can go to somebody else in one loading."""
    wanted = {change.facts["email"].lower() for change in changes if change.facts.get("email")}
    for change in changes:
        if change.user is None:
            continue
        for host, login in change.untie:
            people.remove_source_login(change.user, host=host, login=login, actor=actor)
        if "email" in change.facts and change.user.email.lower() in wanted - {change.facts["email"].lower()}:
            people.change_person(change.user, email="", actor=actor)


def _tie(person: User, host: str, login: str, actor: Actor) -> None:
    kept = SourceLogin.objects.filter(user=person, host=host.lower(), login__iexact=login)
    if not kept.update(from_file=True):
        people.add_source_login(person, host=host, login=login, actor=actor, from_file=True)


def _changes(document: dict[str, Any]) -> list[Change]:
    """In the order of logins, so that two loaders meet their locks in one order."""
    entries = {entry["login"]: entry for entry in document.get("people", [])}
    known = {user.username: user for user in User.objects.prefetch_related("holdings", "source_logins")}
    changes = [_change(login, entries.get(login), known.get(login)) for login in sorted({*entries, *known})]
    return [change for change in changes if any(change.sentences())]


def _change(login: str, entry: dict[str, Any] | None, user: User | None) -> Change:
    change = Change(login, user)
    if entry is not None:
        change.facts = _different_facts(entry, user)
    wanted_roles = {Role(role) for role in (entry or {}).get("roles", [])}
    held = [h for h in user.holdings.all() if h.until is None] if user else []
    filed = {Role(h.role) for h in held if h.from_file}
    change.grant = sorted(wanted_roles - filed)
    change.end = sorted(filed - wanted_roles)
    wanted = {(h.lower(), name.lower()): name for h, name in (entry or {}).get("source_logins", {}).items()}
    tied: dict[Key, SourceLogin] = {
        (s.host, s.login.lower()): s for s in (user.source_logins.all() if user else ()) if s.from_file
    }
    change.tie = [(key[0], name) for key, name in sorted(wanted.items()) if key not in tied]
    change.untie = [(key[0], found.login) for key, found in sorted(tied.items()) if key not in wanted]
    return change


def _different_facts(entry: dict[str, Any], user: User | None) -> dict[str, str]:
    """Arguments of `change_person` that differ; what the file leaves out stays as it is."""
    present = (
        {"name": user.display_name, "email": user.email, "time_zone": user.time_zone}
        if user
        else {"name": "", "email": "", "time_zone": "UTC"}
    )
    named = {"name": "name", "email": "email", "time_zone": "zone"}
    wanted = {fact: entry[key] for fact, key in named.items() if key in entry}
    return {fact: value for fact, value in wanted.items() if value != present[fact]}


def _claims(entry: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What must stand for one person only, with where it stands."""
    yield "login", ("login", entry["login"])
    if entry.get("email"):
        yield "email", ("email", entry["email"].lower())
    for host, login in entry.get("source_logins", {}).items():
        yield f"source_logins.{host}", ("source", host.lower(), login.lower())


def _taken(path: str, entry: dict[str, Any], document: dict[str, Any]) -> list[Problem]:
    """Addresses and source logins of accounts that the file does not move away from them."""
    problems = []
    emails = {other["login"]: other.get("email") for other in document["people"]}
    for other in User.objects.filter(email__iexact=entry.get("email") or "-").exclude(
        username=entry["login"]
    ):
        if emails.get(other.username) is None:
            problems.append(Problem(f"{path}.email", f"This address belongs to @{other.username} already."))
    for host, login in entry.get("source_logins", {}).items():
        ties = SourceLogin.objects.filter(host=host.lower(), login__iexact=login, from_file=False)
        for tie in ties.exclude(user__username=entry["login"]).select_related("user"):
            sentence = f"{login} at {host} was tied to @{tie.user.handle} by hand; untie it there first."
            problems.append(Problem(f"{path}.source_logins.{host}", sentence))
    return problems
