"""Steps after the cut-over, and those of a retire run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from deployments.plan import prepare
from deployments.plan.moves import Answer, Ask, Call, Done, Fail, Move, Wait
from deployments.plan.views import RunView, Seen, StepView, background_right, in_force
from deployments.plan.words import soon
from platforms.base import Observation

Answers = Mapping[Call, Answer]


def verify(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """Every region serves green alone, from the signed artefacts, and every component answers."""
    wrong: list[str] = []
    for region in run.plan["regions"]:
        here = seen.regions.get(region)
        if here is None:
            wrong.append(f"{region} does not answer ({seen.unreachable.get(region, '')})")
        else:
            wrong += [f"{region}: {text}" for text in _wrong(run, here)]
    if not wrong:
        regions = len(run.plan["regions"])
        return Done(step.ordinal, f"All components run the wanted artefacts in {regions} region(s).")
    limit = run.plan["ready_timeout_seconds"]
    if step.seconds_running(now) > limit:
        return Fail(step.ordinal, f"Not as wanted after {limit} s: {'; '.join(wrong)}.")
    return Wait(f"Verifying; not yet as wanted: {'; '.join(wrong)}.", soon(step.seconds_running(now), 1.0))


def _wrong(run: RunView, here: Observation) -> list[str]:
    """What is not as wanted in a region."""
    wrong = prepare.not_ready(run, here)
    if not in_force(here, run.weights(100)):
        wrong.append(f"the weights are {dict(here.weights)}")
    if not background_right(run, here, run.green):
        wrong.append(f"background work runs in {here.background or 'no colour'}")
    slot = here.slot(run.green)
    for component in slot.components if slot else ():
        if not component.artifact:
            wrong.append(f"{component.name} does not run yet")
        elif component.artifact != run.artifacts.get(component.name):
            wrong.append(f"{component.name} runs another artefact: {component.artifact}")
    return wrong


def retire(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """Take the colour down once nothing goes there; connections that may drain end there first."""
    if not run.retire_slot:
        return Done(step.ordinal, "Kept: this colour is still needed.")
    here = seen.regions.get(step.region)
    if here is None:
        return Wait(f"{step.region} does not answer: {seen.unreachable.get(step.region, '')}", 2.0)
    if here.slot(run.retire_slot) is None:
        return Done(step.ordinal, f"{run.retire_slot} is gone from {step.region}.")
    if here.weights.get(run.retire_slot, 0):
        percent = here.weights[run.retire_slot]
        text = f"{run.retire_slot} still takes {percent} % of the traffic in {step.region}."
        return Fail(step.ordinal, text)
    draining = sum(e.draining for e in here.edges if e.slot == run.retire_slot)
    left = run.drain_seconds - step.seconds_running(now)
    if draining and left > 0:
        text = (
            f"{draining} connection(s) may end in {run.retire_slot} in {step.region}, for {left:.0f} s more."
        )
        return Wait(text, 2.0)
    call = Call("retire", step.region, step=step.ordinal, slot=run.retire_slot)
    if call not in answers:
        return Ask(call, f"Taking {run.retire_slot} down in {step.region}.")
    return Wait(f"{run.retire_slot} is going down in {step.region}.", 1.0)


def contract(run: RunView, step: StepView, seen: Seen, now: datetime, answers: Answers) -> Move:
    """The contract phase: only now that nothing old reads the database any more."""
    if not run.contracts or not run.retire_slot:
        return Done(step.ordinal, "This content contracts nothing.")
    return prepare.jobs(run, step, now, answers, run.contracts, "migrate_contract", "Contracted")
