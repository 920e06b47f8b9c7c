"""The list of runs, newest first, by environment.

In: `?environment=`, `?page=`. Out: deployments/list.html.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.queries import labels
from approvals.long_lists import page_of
from approvals.pages import PolicyPage
from approvals.policy import Action
from deployments.models import DeploymentRun, Environment
from deployments.states import ACTIVE, RunState
from deployments.views.words import told

PAGE_SIZE = 25


class RunList(PolicyPage):
    """`/deployments/`."""

    action = Action.READ_DEPLOYMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of runs."""
        wanted = request.GET.get("environment", "")
        environments = list(Environment.objects.filter(retired_at=None).values_list("name", flat=True))
        found = DeploymentRun.objects.select_related("environment", "blue").defer(
            "content", "plan", "blue__content", "blue__plan"
        )
        if wanted in environments:
            found = found.filter(environment__name=wanted)
        page, rows = page_of(found, PAGE_SIZE, request.GET.get("page"))
        context = {
            "page": page,
            "rows": rows,
            "environments": environments,
            "wanted": wanted if wanted in environments else "",
            "said": {run.pk: told(run) for run in page.object_list},
            "people": labels(run.started_by for run in page.object_list),
            "keep": f"environment={wanted}" if wanted in environments else "",
            "sentence": _sentence(),
        }
        return render(request, "deployments/list.html", context)


def _sentence() -> str:
    moving = list(
        DeploymentRun.objects.filter(state__in=ACTIVE)
        .order_by("environment__position")
        .values_list("subject", "environment__name", "state")
    )
    if not moving:
        return "Nothing is moving."
    words = {RunState.PAUSED.value: "is paused in", RunState.ROLLING_BACK.value: "is going back in"}
    told = [f"{subject} {words.get(state, 'is on its way to')} {place}" for subject, place, state in moving]
    return f"{'; '.join(told)}."
