"""The drift report: what runs otherwise than approved, and the specifications of staging and production.

In: the names of two environments, or nothing. Out: desk/drift.html. The targets are asked when it is opened.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.pages import PolicyPage
from approvals.policy import Action
from deployments import queries as deployments
from deployments.services.comparing import Comparison, compare
from desk.views.live import matrix, moving_runs


class Drift(PolicyPage):
    """`/environments/drift/`."""

    action = Action.READ_DEPLOYMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """Drift of every environment, then two of them side by side."""
        left, right = request.GET.get("left", ""), request.GET.get("right", "")
        names = [environment.name for environment in deployments.environments()]
        pairs = compare(left, right) if names else []
        context = {
            "drift": matrix(moving_runs()).drift,
            "pairs": [pair for pair in pairs if not (pair.left.problem or pair.right.problem)],
            "problems": _problems(pairs),
            "names": names,
            "chosen": (pairs[0].left.environment, pairs[0].right.environment) if pairs else ("", ""),
        }
        return render(request, "desk/drift.html", context)


def _problems(pairs: list[Comparison]) -> list[tuple[str, list[str], str]]:
    """What cannot be compared and why: environment, its regions, the problem; each told once."""
    told: dict[tuple[str, str], dict[str, None]] = {}
    for pair in pairs:
        for side in (pair.left, pair.right):
            if side.problem:
                told.setdefault((side.environment, side.problem), {})[side.region] = None
    return [(environment, list(regions), problem) for (environment, problem), regions in told.items()]
