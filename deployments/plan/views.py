"""What `next_step` looks at: a run, its steps and what was seen, as frozen values without tables.

Built by `deployments.services.views` under a lease; times are the portal's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployments.analysis import Served, Verdict
from deployments.states import RunState, StepState
from platforms.base import Observation


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it stands. `data` is what earlier looks left for later ones."""

    ordinal: int
    kind: str
    title: str
    region: str
    weight: int | None
    bake_seconds: int
    state: StepState
    started_at: datetime | None
    data: Mapping[str, Any] = field(default_factory=dict)

    def moment(self, key: str) -> datetime | None:
        """A time that an earlier look left in `data`."""
        value = self.data.get(key)
        return datetime.fromisoformat(value) if value else None

    def seconds_running(self, now: datetime) -> float:
        """How long it has been at work: since it began, without what an emergency stop held it."""
        if self.started_at is None:
            return 0.0
        return (now - self.started_at).total_seconds() - float(self.data.get("stopped_seconds", 0.0))


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as it stands.

    `blue` is the slot that served before (None: nothing did; equal to `green`: the same content).
    `held` is the sentence of why forward moves must wait, empty when they may go on; `stopped` is that
    of an emergency stop, which also holds a step that has begun. `problems`
    are what preflight already knows to be wrong. `artifacts` are the wanted digests by component;
    `migrations`, `contracts` and `smokes` name the components that bring such a job. `retire_slot`
    is what a retire run takes down, empty when something still needs that colour. `accepted_marks`
    are acts past the portal that somebody has said yes to, by region. `previewed` are the fingerprints
    of what signers saw that each region would make of it, where a region can say so. `compared`: green is
    judged beside what blue serves too.
    """

    state: RunState
    green: str
    blue: str | None
    plan: Mapping[str, Any]
    steps: tuple[StepView, ...]
    data_class: str = ""
    held: str = ""
    stopped: str = ""
    problems: tuple[str, ...] = ()
    artifacts: Mapping[str, str] = field(default_factory=dict)
    has_background: bool = False
    migrations: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    smokes: tuple[str, ...] = ()
    drain_seconds: int = 0
    retire_slot: str = ""
    accepted_marks: Mapping[str, str] = field(default_factory=dict)
    previewed: Mapping[str, str] = field(default_factory=dict)
    compared: bool = False

    @property
    def current(self) -> StepView | None:
        """The step that runs, else the next one to begin; None when all are done."""
        running = next((s for s in self.steps if s.state == StepState.RUNNING), None)
        return running or next((s for s in self.steps if s.state == StepState.WAITING), None)

    @property
    def bound(self) -> bool:
        """True once an irreversible migration has begun: nothing goes back by itself any more."""
        return bool(self.plan.get("irreversible")) and any(
            s.kind == "migrate" and s.state not in (StepState.WAITING, StepState.SKIPPED) for s in self.steps
        )

    def weights(self, percent: int) -> dict[str, int]:
        """The edge's weights with that much on green; zeros are left out, an empty edge is {}."""
        if self.blue is None or self.blue == self.green:
            return {self.green: 100} if percent or self.blue else {}
        return {slot: w for slot, w in ((self.green, percent), (self.blue, 100 - percent)) if w}


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at every region: what answered, why others did not, and what that means.

    `totals` is what each slot has served since the run first looked, `verdicts` the judgement of
    green where it has weight.
    """

    regions: Mapping[str, Observation] = field(default_factory=dict)
    unreachable: Mapping[str, str] = field(default_factory=dict)
    totals: Mapping[str, Mapping[str, Served]] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


def in_force(seen: Observation, weights: Mapping[str, int]) -> bool:
    """True when these weights, zeros aside, are what the edge follows."""
    return {slot: w for slot, w in seen.weights.items() if w} == {s: w for s, w in weights.items() if w}


def background_right(run: RunView, seen: Observation, slot: str | None) -> bool:
    """True when the workers and schedules of `slot` run, or there are none to run."""
    return not run.has_background or seen.background == slot
