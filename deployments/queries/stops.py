"""Which runs an emergency stop holds."""

from __future__ import annotations

from django.db.models import QuerySet

from deployments.models import DeploymentRun
from deployments.states import RunState


def held_by_stop(environment: str = "") -> list[int]:
    """Ids of the runs that would still move forward in that environment ("": in every one), oldest first."""
    return list(_forward(environment).order_by("id").values_list("pk", flat=True))


def runs_under(environment: str = "") -> list[DeploymentRun]:
    """The same runs, for a page that counts and names them."""
    return list(_forward(environment).select_related("environment").defer("content", "plan").order_by("id"))


def _forward(environment: str) -> QuerySet[DeploymentRun]:
    states = [RunState.QUEUED, RunState.RUNNING, RunState.PAUSED]
    runs = DeploymentRun.objects.filter(state__in=states)
    return runs.filter(environment__name=environment) if environment else runs
