"""The approval policy in force until a platform file names another: version 1 of a new installation.

Source: strategy, "Deployment Roles and Responsibilities" (the Release Manager decides, the QA Lead
signs off on production readiness, the Security Officer reviews). A security release goes with fewer
signatures and owes the rest within 48 hours; a major one also asks who will run it. Read by
`approvals.policy_document`, which fills with these rules what a file leaves out.
"""

from __future__ import annotations

from typing import Any

DAYS = 86_400


def _asks(role: str, meaning: str, count: int = 1) -> dict[str, Any]:
    return {"role": role, "count": count, "meaning": meaning}


MANAGER = _asks("release_manager", "approved for production")
QUALITY = _asks("qa_lead", "accepted by quality assurance")
SECURITY = _asks("security_officer", "reviewed security")
OPERATIONS = _asks("devops_engineer", "ready to run it")

DEFAULT_RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "production",
        "gate": "production",
        "signatures": [MANAGER, QUALITY, SECURITY],
        "expires_after_seconds": 14 * DAYS,
    },
    {
        "name": "security",
        "gate": "production",
        "release_kinds": ["security"],
        "signatures": [MANAGER, SECURITY],
        "owed": {"within_seconds": 2 * DAYS, "signatures": [QUALITY]},
        "expires_after_seconds": 3 * DAYS,
    },
    {
        "name": "major",
        "gate": "production",
        "release_kinds": ["major"],
        "signatures": [MANAGER, QUALITY, SECURITY, OPERATIONS],
        "expires_after_seconds": 14 * DAYS,
    },
    {
        "name": "policy",
        "gate": "policy",
        "signatures": [
            _asks("release_manager", "agreed to the new rules"),
            _asks("security_officer", "agreed to the new rules"),
        ],
        "expires_after_seconds": 30 * DAYS,
    },
    {
        "name": "stop_lift",
        "gate": "stop_lift",
        "signatures": [
            _asks("release_manager", "releases may go on"),
            _asks("security_officer", "the cause is understood and no longer a danger"),
        ],
    },
    {
        "name": "break_glass",
        "gate": "break_glass",
        "signatures": [
            _asks("release_manager", "one signature is enough in this emergency"),
            _asks("security_officer", "one signature is enough in this emergency"),
        ],
    },
    {
        "name": "freeze_override",
        "gate": "freeze_override",
        "signatures": [
            _asks("release_manager", "it must not wait for the end of the freeze"),
            _asks("security_officer", "it must not wait for the end of the freeze"),
        ],
    },
)
