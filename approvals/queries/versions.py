"""The approval policy in force, a change to it that waits, and what the policy's exceptions were used for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Subquery

from approvals import policy_document
from approvals.models import ExceptionUse, Gate, PolicyProposal, PolicyVersion
from approvals.rules import EXCEPTIONS, Rule, rule_for, rules_of
from approvals.states import ProposalState
from events import clock


def in_force() -> PolicyVersion:
    """The version in force; before anything was asked or loaded, the default as it would be kept."""
    return PolicyVersion.objects.order_by("-number").first() or first_version()


def first_version() -> PolicyVersion:
    """Version 1 from the default rules, not saved."""
    document = policy_document.default_document()
    return PolicyVersion(
        number=1,
        document=document,
        digest=policy_document.digest_of(document),
        changes=policy_document.changes_between(None, document),
        in_force_since=clock.now(),
        adopted_by="system:policy",
    )


def pending() -> PolicyProposal | None:
    """The changed policy that waits for its gate, or None."""
    found = PolicyProposal.objects.filter(state=ProposalState.PENDING)
    return found.select_related("gate").first()


def rule_now(kind: str, environment: str = "", release_kind: str = "") -> Rule | None:
    """The rule in force for such a gate, or None when the policy knows no such kind."""
    rules = rules_of(in_force().document)
    return rule_for(rules, gate=kind, environment=environment, release_kind=release_kind)


def newest_number() -> Subquery:
    """The number of the version in force, to be read with other rows; NULL before the first is kept."""
    return Subquery(PolicyVersion.objects.order_by("-number").values("number")[:1])


def tightened(gate: Gate, newest: int | None = None) -> str:
    """How the policy in force asks more than this gate, which keeps its own version; "" when it does not.

    `newest` is the number in force where the caller knows it: mostly the gate's own, and nothing is read.
    """
    if newest == gate.policy_version:
        return ""
    version = in_force()
    if not gate.is_live or version.number == gate.policy_version:
        return ""
    rules = rules_of(version.document)
    rule = rule_for(rules, gate=gate.kind, environment=gate.environment, release_kind=gate.release_kind)
    if rule is None:
        return ""
    asked = {requirement.role: requirement.count for requirement in gate.requirements.all()}
    more = [
        f"{one.count} × {one.role.label}" for one in rule.signatures if one.count > asked.get(one.role, 0)
    ]
    more += [f"never {name}" for name in rule.never_sign if name not in gate.never_sign]
    more += [
        f"no exception that {EXCEPTIONS[name]}" for name in gate.exceptions if name not in rule.exceptions
    ]
    if not more:
        return ""
    return (
        f"This gate was opened under version {gate.policy_version} of the approval policy and keeps it. "
        f"Version {version.number} asks more: {', '.join(more)}. It can be asked again under that version."
    )


@dataclass(frozen=True, slots=True)
class DeclaredException:
    """An exception of the policy under which a subject was asked, and every use that was made of it."""

    name: str
    sentence: str
    reason: str
    policy_version: int
    uses: tuple[ExceptionUse, ...]

    def as_data(self) -> dict[str, Any]:
        """For exports: declared under which version, counted, each use with person and time."""
        return {
            "exception": self.name,
            "sentence": self.sentence,
            "reason": self.reason,
            "policy_version": self.policy_version,
            "count": len(self.uses),
            "uses": [
                {"person": use.person.actor_id, "at": use.at.isoformat(), "gate": use.gate_id}
                for use in self.uses
            ],
        }


def exceptions_of(stream: str) -> list[DeclaredException]:
    """Every exception declared for the gates of this subject, used or not; for the dossier and pages."""
    asked = Gate.objects.filter(stream=stream).order_by("opened_at", "pk")
    uses = list(ExceptionUse.objects.filter(gate__stream=stream).select_related("person", "gate"))
    declared = {(name, g.policy_version): reason for g in asked for name, reason in g.exceptions.items()}
    return [
        DeclaredException(
            name,
            EXCEPTIONS[name],
            reason,
            version,
            tuple(u for u in uses if u.exception == name and u.gate.policy_version == version),
        )
        for (name, version), reason in declared.items()
    ]
