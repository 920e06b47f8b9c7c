"""The one help page; every page links to its part by anchor.

In: nothing. Out: desk/help.html.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.roles import Role
from approvals.pages import PolicyPage
from approvals.policy import TABLE, Action


class Help(PolicyPage):
    """`/help/`."""

    action = None

    def get(self, request: HttpRequest) -> HttpResponse:
        """Words, acts, and the policy table as it is in force."""
        roles = list(Role)
        rows = [
            (action.value, [role in TABLE[action].roles for role in roles], TABLE[action].scope.value)
            for action in Action
        ]
        return render(request, "desk/help.html", {"roles": roles, "rows": rows})
