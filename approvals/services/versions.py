"""The version of the approval policy in force, kept. Called by `services.gates` and `services.proposals`.

A new installation gets the default rules as its version 1 as soon as they are needed. Every later version
comes from a proposal.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from approvals.models import PolicyVersion
from approvals.queries.versions import in_force
from approvals.rules import Rule, rule_for, rules_of
from events.services import record


def rule_for_gate(kind: str, environment: str, release_kind: str) -> tuple[int, Rule | None]:
    """The number of the version in force, kept from now on, and its rule for such a gate."""
    version = kept()
    rules = rules_of(version.document)
    return version.number, rule_for(rules, gate=kind, environment=environment, release_kind=release_kind)


def kept() -> PolicyVersion:
    """The version in force, stored."""
    version = in_force()
    if version.pk is None:
        try:
            with transaction.atomic():
                adopt_first(version)
        except IntegrityError:  # somebody else began in the same instant
            version = in_force()
    return version


def adopt_first(version: PolicyVersion) -> PolicyVersion:
    """Store version 1 and record it; the caller's transaction."""
    assert version.number == 1
    version.save(force_insert=True)
    record(
        stream_of(1),
        "policy.adopted",
        version.adopted_by,
        after={"version": 1, "digest": version.digest},
        data={"changes": version.changes},
    )
    return version


def stream_of(number: int) -> str:
    """Where the making of one version of the policy is recorded."""
    return f"policy/{number}"
