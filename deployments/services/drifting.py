"""Tell when an environment runs something else than what was approved, once for each difference.

Called every few minutes by a task. What is told: an event on the stream of the release that serves.
"""

from __future__ import annotations

from django.db import transaction

from deployments import queries
from deployments.models import DeploymentRun, Environment
from deployments.services.outcomes import ENGINE
from events.models import Event
from events.services import record

DRIFTED, ENDED = "run.drifted", "run.drift_ended"


def check() -> int:
    """Compare every environment with what was approved for it; returns how many differ."""
    found = 0
    for environment in Environment.objects.filter(retired_at=None).select_related("serving"):
        serving = environment.serving
        if serving is None or queries.active_run(environment) is not None:
            continue
        differences = queries.drift(serving, queries.targets_of(environment))
        found += bool(differences)
        _tell(environment, serving, list(differences))
    return found


@transaction.atomic
def _tell(environment: Environment, serving: DeploymentRun, differences: list[str]) -> None:
    DeploymentRun.objects.select_for_update(no_key=True).get(pk=serving.pk)  # two workers tell it once
    told = Event.objects.filter(stream=serving.stream, kind__in=(DRIFTED, ENDED)).order_by("-seq")
    last = next((event for event in told[:20] if event.data["run"] == serving.pk), None)
    before = last.data["differences"] if last is not None and last.kind == DRIFTED else []
    if differences == before:
        return
    what = {"run": serving.pk, "environment": environment.name, "differences": differences}
    if differences:
        reason = f"{environment.name} does not run what was approved: {'; '.join(differences)}."
        record(serving.stream, DRIFTED, ENGINE, data=what, reason=reason[:1000])
    else:
        record(serving.stream, ENDED, ENGINE, data=what)
