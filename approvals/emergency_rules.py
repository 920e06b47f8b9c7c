"""Who may break the glass or override a freeze, and by when it is reviewed: the approval policy's part.

Two rules of the policy name them, each like a gate: `break_glass` and `freeze_override`. Holders of one of
the roles in `signatures` may; `owed`, where it is given, says who reviews within what time. So these rules
are versioned, and guard themselves, as all others. The table in `approvals.policy` is the outer bound.
Source: PEERS rows 21 and 64. Called by the services of emergencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from accounts.roles import Role
from approvals.policy import TABLE, Action
from approvals.queries.versions import rule_now
from approvals.rules import Asked

REVIEW_WITHIN = timedelta(hours=48)
REMINDERS = (
    timedelta(hours=24),
    timedelta(hours=6),
    timedelta(0),
    timedelta(hours=-24),
    timedelta(hours=-72),
)
"""How much time is left when a review is reminded of; from 0 on it is late, and the last ones repeat that."""

KINDS = {Action.BREAK_GLASS: "break_glass", Action.OVERRIDE_FREEZE: "freeze_override"}


@dataclass(frozen=True, slots=True)
class Named:
    """Whom the policy names for an emergency act, and who reviews it (empty: whoever was passed over)."""

    roles: frozenset[Role]
    reviewers: tuple[Asked, ...]
    review_within: timedelta


def named_for(action: Action, environment: str = "", release_kind: str = "") -> Named:
    """The rule in force for `Action.BREAK_GLASS` or `Action.OVERRIDE_FREEZE`."""
    bound = TABLE[action].roles
    rule = rule_now(KINDS[action], environment, release_kind)
    if rule is None:
        return Named(bound, (), REVIEW_WITHIN)
    roles = frozenset(asked.role for asked in rule.signatures)
    return Named(roles & bound, rule.owed, rule.owed_within or REVIEW_WITHIN)
