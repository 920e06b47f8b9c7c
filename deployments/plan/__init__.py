"""What a run will do and what it does next: pure functions, no I/O, no tables.

`make_plan` freezes a strategy, `steps_of` lists its steps, `sentences` reads it to people before
anything runs, `next_step` decides one move from what was observed. Called by `deployments.services`
and, for making and reading plans, by `releases`.
"""

from deployments.plan.making import make_plan, retire_plan
from deployments.plan.next import next_step, watch
from deployments.plan.steps import StepSpec, steps_of
from deployments.plan.words import sentences

__all__ = ["StepSpec", "make_plan", "next_step", "retire_plan", "sentences", "steps_of", "watch"]
