"""From the file's `approval_policy` to the resolved document that a version keeps, and what is wrong in it.

Pure. `like` is followed, what the file leaves out comes from `requirements.DEFAULT_RULES`, and every
fault has its path and its sentence. Called by `approvals.platform_file` and `approvals.services.versions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from accounts.roles import Role
from approvals.requirements import DEFAULT_RULES
from approvals.rules import EXCEPTIONS, RELEASE_KINDS, Rule, own_voices, rule_for, rules_of, why_unmet
from events import canonical

INHERITED = ("gate", "environment", "release_kinds", "signatures", "owed", "expires_after_seconds",
             "never_sign", "exceptions")  # fmt: skip
SIGNING = tuple(role for role in Role if role not in (Role.ADMINISTRATOR, Role.AUDITOR))
"""Roles that a rule may ask. Whoever runs the portal or audits it signs nothing in it."""

Fault = tuple[str, str]
"""Where in the document, and the sentence."""
People = Mapping[str, frozenset[Role]]


def default_document() -> dict[str, Any]:
    """The resolved document of an installation whose file names no policy."""
    return resolved({})


def resolved(section: Mapping[str, Any]) -> dict[str, Any]:
    """The section whole: `like` followed, and the default rules of every kind of gate that it leaves out.

    The section must be without faults.
    """
    named = {entry["name"]: entry for entry in section.get("rules") or ()}
    rules = [_whole(_inherit(entry, named)) for entry in named.values()]
    asked = {rule["gate"] for rule in rules}
    for rule in DEFAULT_RULES:
        if rule["gate"] not in asked:
            name = rule["name"] if rule["name"] not in named else f"{rule['name']} (default)"
            rules.append(_whole({**rule, "name": name}))
    return {"rules": rules}


def without_exceptions(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same rules with no separation given up."""
    return {"rules": [{**rule, "exceptions": []} for rule in document["rules"]]}


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a resolved document: the seal of gate `policy`."""
    return canonical.sha256(dict(document))


def _inherit(entry: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    whole = dict(entry)
    while "like" in whole:
        parent = named[whole.pop("like")]
        whole |= {key: parent[key] for key in (*INHERITED, "like") if key in parent and key not in whole}
    return whole


def _whole(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Every key present, so that two spellings of one rule are one document."""
    owed = entry.get("owed")
    return {
        "name": entry["name"],
        "gate": entry["gate"],
        "environment": entry.get("environment", ""),
        "release_kinds": sorted(entry.get("release_kinds", ())),
        "signatures": [_signature(one) for one in entry.get("signatures", ())],
        "owed": owed and {
            "within_seconds": owed["within_seconds"],
            "signatures": [_signature(one) for one in owed["signatures"]],
        },
        "expires_after_seconds": entry.get("expires_after_seconds"),
        "never_sign": sorted(entry.get("never_sign", ())),
        "exceptions": [{"allow": e["allow"], "reason": e["reason"]} for e in entry.get("exceptions", ())],
    }  # fmt: skip


def _signature(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": one["role"], "count": one.get("count", 1), "meaning": one["meaning"]}


def faults_of(section: Mapping[str, Any]) -> list[Fault]:
    """Everything that is wrong with a section of the right shape, apart from who could meet it."""
    entries = list(section.get("rules") or ())
    found = [fault for number, entry in enumerate(entries) for fault in _faults(number, entry, entries)]
    if found:
        return found
    rules = rules_of(resolved(section))
    return [*_same_place(rules, len(entries)), *_uncovered(rules)]


def _faults(number: int, entry: Mapping[str, Any], entries: list[Mapping[str, Any]]) -> Iterator[Fault]:
    path = f"rules[{number}]"
    names = [other["name"] for other in entries]
    if names.index(entry["name"]) != number:
        yield f"{path}.name", f"“{entry['name']}” stands at rules[{names.index(entry['name'])}] already."
        return
    circle = _chain(entry, {other["name"]: other for other in entries})
    if isinstance(circle, str):
        yield f"{path}.like", circle
        return
    whole = _inherit(entry, {other["name"]: other for other in entries})
    if not whole.get("gate"):
        yield f"{path}.gate", f"“{entry['name']}” names no kind of gate, and is like no rule that does."
    if not whole.get("signatures"):
        yield (
            f"{path}.signatures",
            f"“{entry['name']}” asks nobody: a gate that nobody must sign proves nothing.",
        )
    yield from _bad_signatures(path, entry)
    yield from _bad_times(path, entry)
    yield from _bad_names(path, entry)


def _chain(entry: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]) -> list[str] | str:
    """The names from this rule to the first that is like no other; or the sentence of what is wrong."""
    passed = [entry["name"]]
    while "like" in named[passed[-1]]:
        following = named[passed[-1]]["like"]
        if following not in named:
            return f"There is no rule “{following}” to be like."
        if following in passed:
            return f"The rules go in a circle: {' → '.join([*passed, following])}."
        passed.append(following)
    return passed


def _bad_signatures(path: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    owed = entry.get("owed") or {}
    for where, asked in (("signatures", entry.get("signatures", ())), ("owed", owed.get("signatures", ()))):
        there = f"{path}.{where}" if where == "signatures" else f"{path}.owed.signatures"
        roles: list[str] = []
        for position, one in enumerate(asked):
            at = f"{there}[{position}]"
            if one["role"] not in Role.values:
                yield f"{at}.role", f"“{one['role']}” is no role. Roles that can sign: {_labels(SIGNING)}."
            elif one["role"] not in SIGNING:
                yield f"{at}.role", f"The {Role(one['role']).label} signs nothing. Roles: {_labels(SIGNING)}."
            if one.get("count", 1) < 1:
                yield (
                    f"{at}.count",
                    f"{one.get('count')} signatures of a role is no question; ask one.",
                )
            if one["role"] in roles:
                yield f"{at}.role", f"“{one['role']}” is asked twice; say its count once."
            roles.append(one["role"])
    if owed and not owed.get("signatures"):
        yield f"{path}.owed.signatures", "Nothing is owed: name the signatures, or leave `owed` out."


def _bad_times(path: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    expiry = entry.get("expires_after_seconds")
    if expiry is not None and expiry < 60:
        yield f"{path}.expires_after_seconds", f"{expiry} seconds leave no time to sign; 60 is the least."
    within = (entry.get("owed") or {}).get("within_seconds")
    if within is not None and within < 60:
        yield f"{path}.owed.within_seconds", f"{within} seconds leave no time to sign; 60 is the least."


def _bad_names(path: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    for position, barred in enumerate(entry.get("never_sign", ())):
        if not barred.startswith("@") and barred not in Role.values:
            yield f"{path}.never_sign[{position}]", f"“{barred}” is no role; a person is written @login."
    for position, kind in enumerate(entry.get("release_kinds", ())):
        if kind not in RELEASE_KINDS:
            known = ", ".join(RELEASE_KINDS)
            yield f"{path}.release_kinds[{position}]", f"“{kind}” is no kind of release: {known}."
    for position, exception in enumerate(entry.get("exceptions", ())):
        if exception["allow"] not in EXCEPTIONS:
            yield f"{path}.exceptions[{position}].allow", f"One of {', '.join(EXCEPTIONS)}."
        if not exception["reason"].strip():
            yield f"{path}.exceptions[{position}].reason", "An exception says why it is needed."


def _same_place(rules: tuple[Rule, ...], named: int) -> Iterator[Fault]:
    """Two rules between which a gate could not choose."""
    for number, rule in enumerate(rules[:named]):
        for earlier in rules[:number]:
            kinds = set(rule.release_kinds) & set(earlier.release_kinds)
            both_any = not rule.release_kinds and not earlier.release_kinds
            if (rule.gate, rule.environment) == (earlier.gate, earlier.environment) and (kinds or both_any):
                yield (
                    f"rules[{number}]",
                    f"“{rule.name}” and “{earlier.name}” are for the same gate, environment and kind.",
                )


def _uncovered(rules: tuple[Rule, ...]) -> Iterator[Fault]:
    """Kinds of release that would meet a production gate which asks nobody."""
    for kind in RELEASE_KINDS:
        if rule_for(rules, gate="production", environment="production", release_kind=kind) is None:
            yield "rules", f"No rule asks anybody about a {kind} release at the gate “production”."


def unmeetable(document: Mapping[str, Any], people: People) -> list[str]:
    """A sentence for each rule that these people could not meet, now or what it owes later."""
    found = []
    for rule in rules_of(document):
        able = _able(rule, people)
        two = "one_person_two_roles" in rule.exceptions
        everything = (*rule.signatures, *rule.owed)
        sentence = why_unmet(rule.name, everything, own_voices(able), two_roles=two)
        if sentence is not None:
            found.append(sentence)
    return found


def _able(rule: Rule, people: People) -> dict[str, frozenset[Role]]:
    barred = set(rule.never_sign)
    return {
        name: roles
        for name, roles in people.items()
        if f"@{name}" not in barred and not any(role.value in barred for role in roles)
    }


def changes_between(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """What differs between two resolved documents, one sentence a rule, for signers to read."""
    old = {rule["name"]: rule for rule in (before or {}).get("rules", ())}
    new = {rule["name"]: rule for rule in after["rules"]}
    sentences = [f"“{name}” is new: {in_words(new[name])}" for name in new if name not in old]
    sentences += [f"“{name}” goes away: {in_words(old[name])}" for name in old if name not in new]
    return sentences + [
        f"“{name}” was: {in_words(old[name])} It becomes: {in_words(new[name])}"
        for name in new
        if name in old and new[name] != old[name]
    ]


def in_words(rule: Mapping[str, Any]) -> str:
    """One rule as a sentence."""
    kinds = ", ".join(rule["release_kinds"]) or "every kind of release"
    place = rule["environment"] or "any environment"
    text = f"gate {rule['gate']}, {place}, {kinds}, asks {_sum(rule['signatures'])}"
    if rule["owed"]:
        hours = rule["owed"]["within_seconds"] / 3600
        text += f"; within {hours:g} hours also {_sum(rule['owed']['signatures'])}"
    if rule["expires_after_seconds"]:
        text += f"; expires after {rule['expires_after_seconds'] / 86_400:g} days"
    if rule["never_sign"]:
        text += f"; never {', '.join(rule['never_sign'])}"
    for exception in rule["exceptions"]:
        text += f"; exception: {EXCEPTIONS[exception['allow']]} ({exception['reason'].rstrip('.')})"
    return f"{text}."


def _sum(asked: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"{one['count']} × {Role(one['role']).label} ({one['meaning']})" for one in asked)


def _labels(roles: Iterable[Role]) -> str:
    return ", ".join(role.value for role in roles)
