"""Write down what became of a run or a step: transition, sentence, line and event, in one transaction.

The caller has locked the run, under its fence (`leases.fenced`) or by taking it over (`steer`). Locks are
taken in one order: run, earlier runs, environment, the run's lines, last the stream of events.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.actors import system
from deployments import queries
from deployments.models import DeploymentRun, Environment, RunStep
from deployments.plan.steps import TRAFFIC, return_steps
from deployments.services import closing
from deployments.services.clockwork import look_at, look_at_queue, look_now
from deployments.services.progress import Line, append
from deployments.services.saving import save
from deployments.services.start import described
from deployments.states import Intent, LineKind, RunKind, RunState, StepState
from events import clock
from events.services import record

ENGINE = system("engine").id


def begin(run: DeploymentRun, step: RunStep, *, traffic: bool) -> None:
    """A step begins. Traffic is remembered before it is given: a crash in between forgets nothing."""
    step.begin()
    save(run, step, "state", "started_at")
    if traffic and run.traffic_at is None:
        run.traffic_at = clock.now()
        save(run, run, "traffic_at")
    append(run, [step_line(step, step.title)])


def note(run: DeploymentRun, step: RunStep, data: dict[str, Any]) -> None:
    """Remember something with a step for later looks."""
    step.data = {**step.data, **data}
    save(run, step, "data")


def wait(run: DeploymentRun, sentence: str, *, call_out: bool = False) -> None:
    """The run waits and says for what. A call for the DevOps Engineer is made once per step."""
    if run.sentence != sentence:
        run.sentence = sentence
        save(run, run, "sentence")
    step = next((step for step in queries.steps_of(run) if step.step_state == StepState.RUNNING), None)
    key = f"step-{step.ordinal}" if step else "after"
    if not call_out or key in run.memory.get("called", ()):
        return
    run.memory = {**run.memory, "called": [*run.memory.get("called", ()), key]}
    save(run, run, "memory")
    append(run, [Line(LineKind.STATE, sentence, level="warning", data={"state": run.state, "called": True})])
    record(run.stream, "run.held", ENGINE, after=described(run), reason=sentence)


def finish(run: DeploymentRun, step: RunStep, sentence: str) -> None:
    """A step was seen to be done."""
    step.finish()
    step.sentence = sentence
    save(run, step, "state", "ended_at", "sentence")
    append(run, [step_line(step, f"{step.title}: {sentence}")])
    data = {"run": run.pk, "step": step.ordinal, "kind": step.kind, "title": step.title, "sentence": sentence}
    if step.kind == "announce":
        earlier = [other for other in queries.steps_of(run) if other.ordinal < step.ordinal]
        first = all(other.kind != "announce" for other in earlier)
        record(
            run.stream, "announce.wanted", ENGINE, data={**data, "what": "started" if first else "finished"}
        )
    record(run.stream, "run.step_done", ENGINE, data=data)


def fail_step(run: DeploymentRun, step: RunStep, sentence: str) -> None:
    """A step cannot be done: before any weight the run fails, after it traffic goes back."""
    _locked_environment(run)
    step.fail()
    step.sentence = sentence
    step.save(update_fields=("state", "ended_at", "sentence"))
    append(run, [step_line(step, f"{step.title}: {sentence}", "error")])
    if run.traffic_at is not None:
        roll_back(run, f"{step.title} failed: {sentence}", ENGINE, sentence)
        return
    _leave_steps(run)
    run.fail()
    _end(run, f"{step.title} failed: {sentence}", "run.failed", ENGINE, sentence)


def cancel(run: DeploymentRun, sentence: str, by: str, reason: str) -> None:
    """A run stops before any weight."""
    _leave_steps(run)
    run.cancel()
    _end(run, sentence, "run.cancelled", by, reason)


def roll_back(run: DeploymentRun, cause: str, by: str, reason: str) -> None:
    """Traffic leaves green: every region that may have some gets a step back; nothing waits."""
    before = described(run)
    touched = _touched_regions(run)
    _leave_steps(run)
    last = max((step.ordinal for step in queries.steps_of(run)), default=0)
    RunStep.objects.bulk_create(
        RunStep(
            run=run, ordinal=last + n, group=spec.group, kind=spec.kind, region=spec.region, title=spec.title
        )
        for n, spec in enumerate(return_steps(touched, first=run.blue is None), start=1)
    )
    queries.forget_steps(run)
    run.roll_back()
    run.intent = Intent.RETURN.value
    run.sentence = f"Rolling back. {cause}"
    run.memory = {**run.memory, "cause": cause}
    run.save(update_fields=("state", "intent", "sentence", "memory", "ended_at"))
    append(run, [Line(LineKind.STATE, run.sentence, level="warning", data={"state": run.state})])
    record(run.stream, "run.rolling_back", by, before=before, after=described(run), reason=reason)
    look_now(run)


def finish_rollback(run: DeploymentRun) -> None:
    """Every region serves from blue again; what served before serves now."""
    environment = _locked_environment(run)
    environment.serving = run.blue
    environment.save(update_fields=("serving",))
    run.finish_rollback()
    to = f"{run.blue.subject} serves" if run.blue else "nothing serves"
    cause = run.memory.get("cause", "")
    _end(run, f"Rolled back: {to} in {environment.name}. {cause}", "run.rolled_back", ENGINE, cause)


def succeed(run: DeploymentRun) -> None:
    """Everything is done: this content serves; before production the old colour goes at once."""
    earlier = _earlier_runs(run)
    environment = _locked_environment(run)
    run.succeed()
    if run.run_kind == RunKind.RETIRE:
        run.closed_at = clock.now()
        _end(run, _gone(run, environment), "run.retired", ENGINE, "")
        return
    environment.serving = run
    environment.save(update_fields=("serving",))
    keeps = queries.is_production(environment)
    run.retained_until = clock.now() + timedelta(seconds=run.plan["retain_seconds"]) if keeps else clock.now()
    _end(run, f"{run.subject} serves in {environment.name}.", "run.succeeded", ENGINE, "", watch=keeps)
    for other in earlier:  # an emergency has succeeded: the earlier release's way back closes
        closing.close_locked(other, contract=False)
    if not keeps:
        closing.close_locked(run, contract=bool(run.plan["contract"]))


def _gone(run: DeploymentRun, environment: Environment) -> str:
    """What a retire run has done: taken a colour down, or, where none was left over, ended a migration."""
    assert run.retires is not None  # the database refuses a retire run without one
    if run.retires_id == environment.serving_id:
        return f"The database in {environment.name} holds only what {run.subject} needs."
    return f"{run.retires.subject} is taken down in {environment.name}."


def step_line(step: RunStep, text: str, level: str = "info") -> Line:
    """A line about a step."""
    data = {"step": step.ordinal, "state": step.state, "kind": step.kind}
    return Line(LineKind.STEP, text, step.region, level=level, data=data)


def _end(run: DeploymentRun, sentence: str, kind: str, by: str, reason: str, *, watch: bool = False) -> None:
    """The end of a run: its sentence, line and event; unless limits stay watched it is looked at no more."""
    run.sentence = sentence
    unsuccessful = run.run_state != RunState.SUCCEEDED
    if unsuccessful:
        run.closed_at = clock.now()
    run.save(update_fields=("state", "sentence", "closed_at", "ended_at", "retained_until"))
    append(
        run,
        [
            Line(
                LineKind.STATE,
                sentence,
                level="warning" if unsuccessful else "info",
                data={"state": run.state},
            )
        ],
    )
    record(run.stream, kind, by, after=described(run), reason=reason)
    look_at(run, 2.0 if watch else None)
    if unsuccessful and run.run_kind == RunKind.DEPLOY:
        closing.retire_green(run)
    look_at_queue(run.environment_id)


def _earlier_runs(run: DeploymentRun) -> list[DeploymentRun]:
    """Succeeded runs whose way back is still open below this one, locked."""
    held = DeploymentRun.objects.select_for_update(no_key=True, of=("self",)).select_related("blue")
    if run.run_kind == RunKind.RETIRE:
        return []
    open_runs = held.filter(
        environment_id=run.environment_id, kind=RunKind.DEPLOY, state=RunState.SUCCEEDED, closed_at=None
    )
    return list(open_runs.exclude(pk=run.pk).defer("content").order_by("pk"))


def _locked_environment(run: DeploymentRun) -> Environment:
    return Environment.objects.select_for_update(no_key=True).get(pk=run.environment_id)


def _leave_steps(run: DeploymentRun) -> None:
    """Steps to come are skipped, the one that runs and those that moved traffic are taken back."""
    for step in queries.steps_of(run):
        if step.step_state == StepState.WAITING:
            step.skip()
        elif step.step_state == StepState.RUNNING or _moved(step):
            step.undo()
        else:
            continue
        step.save(update_fields=("state", "ended_at"))


def _moved(step: RunStep) -> bool:
    return step.step_state == StepState.DONE and step.kind in TRAFFIC


def _touched_regions(run: DeploymentRun) -> list[str]:
    """Regions in which green may have been given weight, in the plan's order."""
    begun = (step for step in queries.steps_of(run) if step.step_state != StepState.WAITING)
    touched = {step.region for step in begun if step.kind in TRAFFIC}
    return [region for region in run.plan["regions"] if region in touched]
