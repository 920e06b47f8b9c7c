"""What the shell of every page learns by itself: what moves or is stopped, how much waits for the reader.

In: a ring of the doorbell or a slow poll. Out: components/_strip.html, swapped where its ids stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals import stops
from approvals.pages import PolicyPage
from approvals.policy import Action, may
from deployments.models import DeploymentRun, TargetView
from deployments.states import ACTIVE, RunKind, RunState
from releases import queries as releases

WORDS = {
    RunState.RUNNING: "going live",
    RunState.PAUSED: "paused",
    RunState.ROLLING_BACK: "rolling back",
}


@dataclass(frozen=True, slots=True)
class Moving:
    """The run that moves production now, with green's share region by region."""

    subject: str
    word: str
    url: str
    back: bool
    places: list[tuple[str, int]]


class ShellParts(PolicyPage):
    """`/shell/`."""

    action = None

    def get(self, request: HttpRequest) -> HttpResponse:
        """Both parts, for this reader."""
        wanted = request.GET.get("strip") != "no"
        moves = moving() if wanted and may(self.actor, Action.READ_DEPLOYMENTS) is None else None
        waiting = len(releases.for_person(self.actor))
        context: dict[str, Any] = {"strip": wanted, "moving": moves, "waiting": waiting}
        if may(self.actor, Action.READ_DEPLOYMENTS) is None:
            context["stops"] = stops.in_force()
        return render(request, "components/_strip.html", context)


def moving() -> Moving | None:
    """The active deploy run of the last environment, if any."""
    run = (
        DeploymentRun.objects.filter(state__in=ACTIVE, kind=RunKind.DEPLOY, environment__retired_at=None)
        .select_related("environment")
        .order_by("-environment__position")
        .defer("content", "plan")
        .first()
    )
    if run is None or not run.needs_proof:
        return None
    seen = TargetView.objects.filter(target__environment=run.environment, target__retired_at=None)
    places = [
        (view.target.region.name, int(view.weights.get(run.slot, 0)))
        for view in seen.select_related("target__region").order_by("target_id")
    ]
    return Moving(
        subject=run.subject,
        word=WORDS[run.run_state],
        url=f"/deployments/{run.pk}/",
        back=run.run_state == RunState.ROLLING_BACK,
        places=places if run.traffic_at else [],
    )
