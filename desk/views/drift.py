"""The drift report: what runs otherwise than approved, and the specifications of staging and production.

In: the names of two environments, or nothing. Out: desk/drift.html. The targets are asked when it is opened.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.pages import PolicyPage
from approvals.policy import Action
from deployments import queries as deployments
from deployments.services.comparing import compare
from desk.views.live import matrix, moving_runs


class Drift(PolicyPage):
    """`/environments/drift/`."""

    action = Action.READ_DEPLOYMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """Drift of every environment, then two of them side by side."""
        left, right = request.GET.get("left", ""), request.GET.get("right", "")
        names = [environment.name for environment in deployments.environments()]
        context = {
            "drift": matrix(moving_runs()).drift,
            "pairs": compare(left, right) if names else [],
            "names": names,
        }
        return render(request, "desk/drift.html", context)
