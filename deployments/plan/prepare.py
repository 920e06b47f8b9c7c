"""Steps before any weight: check, tell, make room, migrate, start green, try it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from deployments.plan.moves import Answer, Ask, Call, Done, Fail, Move, Wait
from deployments.plan.views import RunView, Seen, StepView, in_force
from deployments.plan.words import joined, soon
from platforms.base import JobResult, Observation, ProbeResult

Answers = Mapping[Call, Answer]

GRACE_SECONDS = 60
"""How long beyond its own time limit a job may stay unheard of."""


def preflight(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """Proof, base and content are right, and every target could run this and holds the right data."""
    if run.problems:
        return Fail(step.ordinal, " ".join(run.problems))
    for region in run.plan["regions"]:
        call = Call("probe", region, step=step.ordinal)
        if call not in answers:
            return Ask(call, f"Asking {region} whether it could run this.")
        found = answers[call]
        assert isinstance(found, ProbeResult)
        if found.data_class != run.data_class:
            text = f"{region} holds {found.data_class} data, this environment holds {run.data_class} data."
            return Fail(step.ordinal, text)
        if found.problems:
            return Fail(step.ordinal, f"{region} cannot run this: {' '.join(found.problems)}")
        if found.fingerprint and run.previewed.get(region, found.fingerprint) != found.fingerprint:
            text = f"{region} would make something else of it now than its signers saw; have it signed anew."
            return Fail(step.ordinal, text)
        here = seen.regions.get(region)
        if step.kind == "preflight" and here is not None and not in_force(here, run.weights(0)):
            return Fail(step.ordinal, _serves_otherwise(run, region, here))
    return Done(step.ordinal, f"Content, proof and targets are right in {joined(run.plan['regions'])}.")


def _serves_otherwise(run: RunView, region: str, here: Observation) -> str:
    """A shift that starts from something else than blue would have no way back."""
    there = joined([f"{slot} with {w} %" for slot, w in sorted(here.weights.items()) if w] or ["nothing"])
    wanted = run.blue or "nothing"
    return f"{region} serves {there}, where {wanted} should serve; put that right first (send_back)."


def announce(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """The engine records that it is to be told; notifications does the telling."""
    return Done(step.ordinal, "Handed to notifications.")


def provision(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """Green has a place of its own before a migration runs in it; else its components bring it along."""
    if not run.migrations:
        return Done(step.ordinal, f"Green's components bring their room along in {step.region}.")
    here = seen.regions.get(step.region)
    if here is None:
        return Wait(f"{step.region} does not answer: {seen.unreachable.get(step.region, '')}", 2.0)
    call = Call("make_room", step.region, step=step.ordinal)
    if here.slot(run.green) is None and call not in answers:
        return Ask(call, f"Making room for green in {step.region}.")
    return Done(step.ordinal, f"Green has room of its own in {step.region}.")


def configure(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """The target takes this configuration, and everything that it names is there."""
    call = Call("probe", step.region, step=step.ordinal)
    if call not in answers:
        return Ask(call)
    found = answers[call]
    assert isinstance(found, ProbeResult)
    if found.problems:
        return Fail(step.ordinal, f"{step.region} cannot run this: {' '.join(found.problems)}")
    return Done(step.ordinal, f"The configuration is accepted in {step.region}.")


def migrate(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """The expand phase, once per environment."""
    if not run.migrations:
        return Done(step.ordinal, "This content brings no migration.")
    return jobs(run, step, now, answers, run.migrations, "migrate_expand", "Migrated")


def smoke(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """Green answers its own tests before anybody is sent there."""
    if not run.smokes:
        return Done(step.ordinal, "No component brings a smoke job; readiness is all that was checked.")
    return jobs(run, step, now, answers, run.smokes, "smoke", "Passed")


def deploy(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """All components of green are there, with the wanted artefacts, and ready."""
    here = seen.regions.get(step.region)
    if here is None:
        return Wait(f"{step.region} does not answer: {seen.unreachable.get(step.region, '')}", 2.0)
    missing = _missing(run, here)
    if missing:
        call = Call("ensure", step.region, step=step.ordinal)
        if call not in answers:
            return Ask(call, f"Starting green in {step.region}.")
    waiting = missing or not_ready(run, here)
    if not waiting:
        return Done(step.ordinal, f"All {len(run.artifacts)} components are ready.")
    limit = run.plan["ready_timeout_seconds"]
    if step.seconds_running(now) > limit:
        return Fail(step.ordinal, f"Not ready within {limit} s: {'; '.join(waiting)}.")
    return Wait(f"Waiting in {step.region} for {'; '.join(waiting)}.", soon(step.seconds_running(now), 1.0))


def jobs(
    run: RunView,
    step: StepView,
    now: datetime,
    answers: Answers,
    components: Sequence[str],
    job: str,
    word: str,
) -> Move:
    """Run this job of each component, one after the other; a job's key makes repetition harmless."""
    limit = run.plan["job_timeout_seconds"]
    for component in components:
        call = Call("job", step.region, component, job, step.ordinal)
        if call not in answers:
            return Ask(call, f"Running {job} of {component} in {step.region}.")
        result = answers[call]
        assert isinstance(result, JobResult)
        if result.state == "failed":
            last = f" Its last line: {result.lines[-1]}" if result.lines else ""
            code = "was ended" if result.exit_code is None else f"ended with code {result.exit_code}"
            return Fail(step.ordinal, f"{job} of {component} {code} in {step.region}.{last}")
        if result.state == "running":
            if step.seconds_running(now) > limit * len(components) + GRACE_SECONDS:
                return Fail(step.ordinal, f"{job} of {component} did not end within {limit} s.")
            return Wait(f"{job} of {component} runs in {step.region}.", soon(step.seconds_running(now), 1.0))
    return Done(step.ordinal, f"{word}: {joined(list(components))}.")


def not_ready(run: RunView, here: Observation) -> list[str]:
    """Green's components that are not ready, each with its reason."""
    slot = here.slot(run.green)
    states = {c.name: c for c in slot.components} if slot else {}
    waiting = []
    for name in run.artifacts:
        state = states.get(name)
        if state is None:
            waiting.append(f"{name} (not there)")
        elif not state.ready and (state.kind == "http" or state.active):
            waiting.append(f"{name} ({state.reason or 'not ready'})")
    return waiting


def _missing(run: RunView, here: Observation) -> list[str]:
    """Components that green lacks, or runs from another artefact."""
    slot = here.slot(run.green)
    there = {c.name: c.artifact for c in slot.components} if slot else {}
    return [
        f"{name} (runs {there[name][:19]} instead of what was approved)"
        if there.get(name)
        else f"{name} (not there)"
        for name, wanted in run.artifacts.items()
        if there.get(name) != wanted
    ]
