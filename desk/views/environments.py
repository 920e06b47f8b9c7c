"""Environments: what each is for, what serves there, its targets and locks, and what is live where.

In: nothing. Out: desk/environments.html.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.roles import Role
from approvals.pages import PolicyPage
from approvals.policy import Action
from deployments.models import DeploymentRun, Environment, EnvironmentLock
from deployments.plan import make_plan, sentences
from deployments.states import ACTIVE, RunState
from desk.views.live import Matrix, matrix, moving_runs


@dataclass(frozen=True, slots=True)
class Card:
    """One environment."""

    environment: Environment
    deployers: str
    serving: DeploymentRun | None
    active: DeploymentRun | None
    waiting: int
    lock: EnvironmentLock | None
    plan: list[str]
    regions: list[str]


class Environments(PolicyPage):
    """`/environments/`."""

    action = Action.READ_DEPLOYMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """All environments in the order of the ladder."""
        shown = matrix(moving_runs())
        context = {"cards": cards(), "matrix": shown, "sentence": sentence(shown)}
        return render(request, "desk/environments.html", context)


def cards() -> list[Card]:
    """Every environment in five queries."""
    found = list(
        Environment.objects.filter(retired_at=None)
        .select_related("serving")
        .prefetch_related("targets__region")
        .order_by("position")
    )
    runs = list(DeploymentRun.objects.filter(state__in=[RunState.QUEUED, *ACTIVE]).defer("content", "plan"))
    locks = {lock.environment_id: lock for lock in EnvironmentLock.objects.filter(lifted_at=None)}
    return [_card(environment, runs, locks) for environment in found]


def _card(environment: Environment, runs: list[DeploymentRun], locks: dict[int, EnvironmentLock]) -> Card:
    mine = [run for run in runs if run.environment_id == environment.pk]
    regions = [t.region.name for t in environment.targets.all() if t.retired_at is None]
    known = dict(Role.choices)
    try:
        first = environment.serving is None
        plan = sentences(make_plan(environment.strategy, regions, first=first, irreversible=False))
    except ValueError as error:
        plan = [str(error)]
    return Card(
        environment=environment,
        deployers=", ".join(str(known.get(name, name)) for name in environment.deployers)
        or "as the policy says",
        serving=environment.serving,
        active=next((run for run in mine if run.run_state in ACTIVE), None),
        waiting=sum(run.run_state == RunState.QUEUED for run in mine),
        lock=locks.get(environment.pk),
        plan=plan,
        regions=regions,
    )


def sentence(shown: Matrix) -> str:
    """What serves in production, by observation; says so when it was not seen."""
    production = [column.target for column in shown.columns if column.production]
    if not production:
        return "No environment has a target yet."
    unseen = [target.region for target in production if target.seen_at is None]
    if unseen:
        return f"Production has not been observed yet in {', '.join(unseen)}."
    away = [target.region for target in production if not target.reachable]
    versions = sorted({target.release for target in production if target.release})
    serves = f"Production runs {' and '.join(versions)}" if versions else "Nothing serves in production"
    return f"{serves}{'; ' + ', '.join(away) + ' does not answer' if away else ''}."
