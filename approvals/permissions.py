"""The API's permission class: every view names its actions, the policy table answers.

A view declares `policy_actions`, from HTTP method ("GET") or DRF action ("create") to `Action`.
A method that is not declared is refused: forgetting to say who may must never open a door.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from accounts.actors import of_request
from approvals.policy import Action, require

if TYPE_CHECKING:  # REST framework imports this module while it imports its own views
    from rest_framework.request import Request
    from rest_framework.views import APIView


class PolicyPermission(BasePermission):
    """Asks `approvals.policy` with the request's actor; raises NotAllowed with its sentence."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True when the table lets the caller do it; False (401) when nobody is signed in."""
        if request.successful_authenticator is None or request.method is None:
            return False
        if request.method == "OPTIONS":
            return True
        action = action_of(view, request.method)
        if action is None:
            return False
        require(of_request(request), action)
        return True


def action_of(view: APIView, method: str) -> Action | None:
    """The action that this view declares for its DRF action or the HTTP method (HEAD is GET)."""
    declared: Mapping[str, Action] = getattr(view, "policy_actions", {})
    by_method = declared.get("GET" if method == "HEAD" else method)
    return declared.get(getattr(view, "action", None) or "", by_method)
