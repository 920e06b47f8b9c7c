"""Which roles a gate asks, by kind: the approval policy in force, frozen into a gate as it opens.

Source: strategy, "Deployment Roles and Responsibilities" (the Release Manager decides, the QA Lead
signs off on production readiness, the Security Officer reviews). Called by `services.gates`.
"""

from __future__ import annotations

from accounts.roles import Role

VERSION = 1
"""Raised whenever the tables below change; a gate remembers the version it was opened under."""

RequirementSpec = tuple[Role, int, str]

PRODUCTION: tuple[RequirementSpec, ...] = (
    (Role.RELEASE_MANAGER, 1, "approved for production"),
    (Role.QA_LEAD, 1, "accepted by quality assurance"),
    (Role.SECURITY_OFFICER, 1, "reviewed security"),
)

BY_KIND: dict[str, tuple[RequirementSpec, ...]] = {"production": PRODUCTION}


def requirements_for(kind: str, release_kind: str) -> tuple[RequirementSpec, ...]:
    """Role, how many of it, and what their signature means; empty when nobody is asked.

    Every kind of release asks the same three roles; `release_kind` is here for policies that
    will not.
    """
    del release_kind
    return BY_KIND.get(kind, ())
