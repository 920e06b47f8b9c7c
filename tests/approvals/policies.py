"""How the tests of approvals write, load and sign policies."""

from __future__ import annotations

from typing import Any

from accounts.roles import Role
from approvals.models import PolicyProposal
from approvals.queries import pending
from approvals.services.proposals import propose, sign_policy
from tests.cast import SETUP, actor

MEANINGS = {
    "release_manager": "approved for production",
    "qa_lead": "accepted by quality assurance",
    "security_officer": "reviewed security",
    "devops_engineer": "ready to run it",
}


def asks(role: str, count: int = 1) -> dict[str, Any]:
    """One line of `signatures`."""
    return {"role": role, "count": count, "meaning": MEANINGS.get(role, "seen")}


def rule(name: str = "production", *roles: str | tuple[str, int], **more: Any) -> dict[str, Any]:
    """A rule for gate production that asks these roles."""
    asked = [asks(*role) if isinstance(role, tuple) else asks(role) for role in roles]
    return {"name": name, "gate": "production", "signatures": asked} | more


def section(*rules: dict[str, Any]) -> dict[str, Any]:
    """The platform file's `approval_policy`."""
    return {"rules": list(rules)}


def load(*rules: dict[str, Any]) -> None:
    """Load these rules as the platform file does."""
    propose(section(*rules), actor=SETUP)


def waiting() -> PolicyProposal:
    """The changed policy that waits."""
    found = pending()
    assert found is not None
    return found


def agree(*names: str) -> None:
    """These people sign the changed policy, in the role that they hold."""
    roles = {"rita": Role.RELEASE_MANAGER, "sasha": Role.SECURITY_OFFICER, "quinn": Role.QA_LEAD}
    for name in names:
        sign_policy(actor=actor(name), role=roles[name], answer="go", seal=waiting().digest)
