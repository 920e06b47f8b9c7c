"""Close the way back of a succeeded run, and take down colours that nobody needs any more."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor, system
from deployments.errors import NotInThisState, RunNotFound
from deployments.models import DeploymentRun
from deployments.plan import retire_plan
from deployments.services.clockwork import look_at
from deployments.services.content import EXPANDING, migrating
from deployments.services.start import queue_run
from deployments.states import RunKind, RunState, StepState
from events import clock


def close(run_id: int, *, actor: Actor) -> DeploymentRun | None:
    """The release is completed: close its run's way back and queue the run that retires the old colour.

    Returns that run, or None when there is nothing to retire or contract. Closing twice changes nothing.
    """
    with transaction.atomic():
        run = DeploymentRun.objects.select_for_update(no_key=True).filter(pk=run_id).first()
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        if run.run_state != RunState.SUCCEEDED:
            raise NotInThisState(
                f"Run {run.pk} is {run.run_state.label.lower()}; only a succeeded run closes."
            )
        if run.closed_at is not None:
            return run.retire_runs.first() if run.blue is None else run.blue.retire_runs.last()
        return close_locked(run, contract=bool(run.plan["contract"]))


def close_locked(run: DeploymentRun, *, contract: bool) -> DeploymentRun | None:
    """The same for a run that the caller has locked: no more looks, and its old colour goes."""
    run.closed_at = run.retained_until = clock.now()
    run.save(update_fields=("closed_at", "retained_until"))
    look_at(run, None)
    wanted = contract and bool(migrating(run, EXPANDING, "migrate_contract", None))
    old = run.blue if run.blue is not None and not run.in_place else None
    if old is None and not wanted:
        return None
    return _queue_retire(run, old or run, contract=wanted)


def retire_green(run: DeploymentRun) -> DeploymentRun | None:
    """Take down what an unsuccessful run has started, without contract; None when it started nothing."""
    made = run.steps.filter(kind__in=("provision", "configure", "deploy"))
    if run.in_place or not made.exclude(state__in=[StepState.WAITING, StepState.SKIPPED]).exists():
        return None
    return _queue_retire(run, run, contract=False)


def _queue_retire(run: DeploymentRun, old: DeploymentRun, *, contract: bool) -> DeploymentRun:
    return queue_run(
        environment=run.environment,
        kind=RunKind.RETIRE,
        subject=run.subject,
        release_kind=run.release_kind,
        stream=run.stream,
        link=run.link,
        content=run.content,
        content_hash=run.content_hash,
        seal=run.seal,
        plan=retire_plan(run.plan, contract=contract),
        actor=system("engine"),
        retires=old,
    )
