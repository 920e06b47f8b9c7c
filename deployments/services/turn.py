"""Whose turn it is in an environment: one run at a time, and who may pass whom.

Called by the engine for a queued run, under its lease.
"""

from __future__ import annotations

from deployments import queries
from deployments.models import DeploymentRun, Environment
from deployments.plan import make_plan
from deployments.plan.words import duration
from deployments.services.clearance import held_by_clearance
from deployments.services.leases import Lease, fenced
from deployments.services.outcomes import ENGINE
from deployments.services.progress import Line, append
from deployments.services.start import described, write_steps
from deployments.services.stopping import stopped_at_start
from deployments.states import LineKind, RunKind
from events import clock
from events.services import record

WAIT_SECONDS = 3.0


def try_to_start(lease: Lease, queued: DeploymentRun) -> DeploymentRun | None:
    """Start the queued run if its turn has come, else have it say what it waits for; the started run.

    An emergency stop in the same instant is either after this transaction or seen by it.
    """
    with fenced(lease, queued) as run:
        environment = _with_what_serves(run)
        why = stopped_at_start(environment.name) or waits_for(run, environment)
        if why:
            run.sentence = f"Queued: {why}"
            run.save(update_fields=("sentence",))
            return None
        run.blue = environment.serving
        if run.run_kind == RunKind.DEPLOY:
            _fit_plan(run, environment)
        run.start()
        run.sentence = f"Started in {environment.name}."
        run.save(update_fields=("state", "started_at", "sentence", "blue", "plan"))
        append(run, [Line(LineKind.STATE, run.sentence, data={"state": run.state})])
        record(run.stream, "run.started", ENGINE, after=described(run), data={"started_by": run.started_by})
    return run


def _with_what_serves(run: DeploymentRun) -> Environment:
    """The run's environment, locked."""
    held = Environment.objects.select_for_update(no_key=True, of=("self",)).select_related("serving")
    return held.defer("serving__verdicts", "serving__memory").get(pk=run.environment_id)


def waits_for(run: DeploymentRun, environment: Environment) -> str:
    """Why this queued run may not start yet, as a sentence; empty when its turn has come."""
    active = queries.active_run(environment)
    if active is not None:
        return (
            f"run {active.pk} of {active.subject} is {active.run_state.label.lower()} in {environment.name}."
        )
    first = queries.waiting_runs(environment).exclude(pk=run.pk).defer("content").first()
    if run.run_kind == RunKind.RETIRE:
        return ""
    if first is not None and _goes_before(first, run) and not _stuck(first, environment):
        return f"run {first.pk} of {first.subject} is before it in {environment.name}."
    return _stuck(run, environment)


def _stuck(run: DeploymentRun, environment: Environment) -> str:
    """What stops this run whatever its place in the queue is."""
    if run.run_kind == RunKind.RETIRE:
        return ""
    lock = queries.open_lock(environment)
    passes = run.release_kind == "security" and bool(run.reason)
    if lock is not None and not passes:
        return f"{environment.name} is locked since the rollback of {lock.release_label}: {lock.reason}"
    open_runs = list(queries.unclosed_runs(environment).defer("content"))
    if open_runs and not (run.emergency and not any(other.emergency for other in open_runs)):
        other = open_runs[0]
        left = (other.retained_until - clock.now()).total_seconds() if other.retained_until else 0.0
        until = f", for {duration(left)} more" if left > 0 else ""
        return f"{other.subject} is watched in {environment.name} and keeps its old colour{until}."
    return held_by_clearance(run)


def _goes_before(first: DeploymentRun, run: DeploymentRun) -> bool:
    if first.run_kind == RunKind.RETIRE:
        return True
    if first.emergency != run.emergency:
        return first.emergency
    return (first.queued_at, first.pk) < (run.queued_at, run.pk)


def _fit_plan(run: DeploymentRun, environment: Environment) -> None:
    """Before production a plan made while something else served is made again; production's is sealed."""
    first = run.blue_id is None
    if run.needs_proof or bool(run.plan["first"]) == first:
        return
    strategy = {**environment.strategy, "regions": None}
    run.plan = make_plan(strategy, run.plan["regions"], first=first, irreversible=run.plan["irreversible"])
    run.steps.all().delete()
    write_steps(run)
