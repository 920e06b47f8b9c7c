"""The platform file's part of this app: `approval_policy`, who must sign what.

The first policy of an installation takes effect when it is loaded; a later change is proposed, and takes
effect when gate `policy` is satisfied under the rules before it. A file without the section means the
default rules (`approvals.requirements`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actors import Actor
from accounts.models import RoleHolding, User
from accounts.roles import Role
from approvals import policy_document
from approvals.queries.versions import in_force, pending
from approvals.rules import EXCEPTIONS, RELEASE_KINDS
from approvals.services.proposals import propose
from events.platform_file import Problem

SIGNATURES: dict[str, Any] = {
    "type": "array",
    "maxItems": 20,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["role", "meaning"],
        "properties": {
            "role": {"type": "string", "description": "One of the roles that sign."},
            "count": {"type": "integer", "maximum": 20, "description": "How many of them; 1 when left out."},
            "meaning": {"type": "string", "pattern": r"\S", "maxLength": 200},
        },
    },
}
NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,39}$"}
RULE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": NAME,
        "like": NAME | {"description": "The rule from which everything comes that is not said here."},
        "gate": NAME | {"description": "The kind of gate: production, policy, …"},
        "environment": {
            "type": "string",
            "maxLength": 63,
            "description": "Left out: everywhere.",
        },
        "release_kinds": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "string"},
            "description": f"Only these of {', '.join(RELEASE_KINDS)}; left out: every kind.",
        },
        "signatures": SIGNATURES,
        "owed": {
            "type": "object",
            "additionalProperties": False,
            "required": ["within_seconds", "signatures"],
            "properties": {"within_seconds": {"type": "integer"}, "signatures": SIGNATURES},
            "description": "Signatures that may come later, within this time after the start.",
        },
        "expires_after_seconds": {
            "type": "integer",
            "maximum": 31_536_000,
            "description": "How long a gate takes and keeps signatures; left out: until it is void.",
        },
        "never_sign": {
            "type": "array",
            "uniqueItems": True,
            "maxItems": 100,
            "items": {"type": "string", "minLength": 1, "maxLength": 41},
            "description": "People (@login) and roles whose holders sign nothing at these gates.",
        },
        "exceptions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["allow", "reason"],
                "properties": {
                    "allow": {"type": "string", "description": f"One of {', '.join(EXCEPTIONS)}."},
                    "reason": {"type": "string", "maxLength": 500},
                },
            },
            "description": "A separation of duties given up; signed, counted, shown in every export.",
        },
    },
}
SECTIONS: dict[str, Any] = {
    "approval_policy": {
        "type": "object",
        "description": "Who must sign what. A change waits for signatures under the rules before it.",
        "additionalProperties": False,
        "required": ["rules"],
        "properties": {"rules": {"type": "array", "minItems": 1, "maxItems": 100, "items": RULE}},
    }
}


def check(document: dict[str, Any]) -> list[Problem]:
    """Circles, unknown roles, empty gates, impossible times; a changed policy that nobody could meet."""
    section = _section(document)
    faults = policy_document.faults_of(section) or _places(section, document)
    if faults or "approval_policy" not in document:
        return [Problem(f"approval_policy.{path}", sentence) for path, sentence in faults]
    wanted = policy_document.resolved(section)
    if not _is_new(wanted):
        return []
    people = _people_after(document)
    unmet = policy_document.unmeetable(wanted, people)
    if not unmet and in_force().pk is None:
        bare = policy_document.without_exceptions(wanted)
        guard = {"rules": [rule for rule in bare["rules"] if rule["gate"] == "policy"]}
        unmet = policy_document.unmeetable(guard, people)
    return [Problem("approval_policy.rules", sentence) for sentence in unmet]


def plan(document: dict[str, Any]) -> list[str]:
    """What loading would change, one sentence each."""
    wanted = policy_document.resolved(_section(document))
    version, waiting = in_force(), pending()
    digest = policy_document.digest_of(wanted)
    if version.pk is None:
        sentences = [
            f"approval policy: {sentence}" for sentence in policy_document.changes_between(None, wanted)
        ]
        if policy_document.without_exceptions(wanted) != wanted:
            sentences.append("approval policy: its exceptions wait for signatures at gate policy")
        return sentences
    if waiting is not None and waiting.digest == digest:
        return []
    ended = ["approval policy: the change that waits for signatures is taken back"] if waiting else []
    if version.digest == digest:
        return ended
    changes = policy_document.changes_between(version.document, wanted)
    return ended + [f"approval policy: after its signatures, {sentence}" for sentence in changes]


def apply(document: dict[str, Any], *, actor: Actor) -> None:
    """Adopt the first policy, propose a changed one; the same document again does nothing."""
    if plan(document):
        propose(_section(document), actor=actor)


def _section(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return document.get("approval_policy") or {}


def _places(section: Mapping[str, Any], document: Mapping[str, Any]) -> list[policy_document.Fault]:
    """Environments and people that the file does not know."""
    known = {entry["name"] for entry in document.get("environments", ())}
    logins = {entry["login"] for entry in document.get("people", ())}
    logins |= set(User.objects.values_list("username", flat=True))
    faults = []
    for number, rule in enumerate(section.get("rules", ())):
        place = rule.get("environment", "")
        if place and place not in known:
            faults.append((f"rules[{number}].environment", f"There is no environment “{place}”."))
        for position, name in enumerate(rule.get("never_sign", ())):
            if name.startswith("@") and name[1:] not in logins:
                faults.append((f"rules[{number}].never_sign[{position}]", f"There is nobody called {name}."))
    return faults


def _is_new(wanted: Mapping[str, Any]) -> bool:
    digest, waiting, version = policy_document.digest_of(wanted), pending(), in_force()
    known = {version.digest} if version.pk else set()
    return digest not in known | ({waiting.digest} if waiting else set())


def _people_after(document: Mapping[str, Any]) -> dict[str, frozenset[Role]]:
    """Login → roles as they will be when the file is loaded: its own, and those given by hand."""
    inactive = set(User.objects.filter(is_active=False).values_list("username", flat=True))
    roles: dict[str, set[Role]] = {}
    for entry in document.get("people", ()):
        roles.setdefault(entry["login"], set()).update(Role(role) for role in entry["roles"])
    by_hand = RoleHolding.objects.filter(until=None, from_file=False)
    for login, role in by_hand.values_list("user__username", "role"):
        roles.setdefault(login, set()).add(Role(role))
    return {login: frozenset(held) for login, held in sorted(roles.items()) if login not in inactive}
