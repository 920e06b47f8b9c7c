"""A target that plays what happened long ago: the demo's past, and nothing else, runs here.

It keeps the driver's contract in memory, with visitors that are computed from the moved clock. Used
by `hmhp_portal.seeding` through `platforms.registry`; the present runs on the real target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from platforms.base import (
    ComponentState,
    EdgeStats,
    JobResult,
    JobSpec,
    Observation,
    PlatformRefused,
    ProbeResult,
    Routing,
    SlotSpec,
    SlotState,
)

BOUNDS = (50.0, 100.0, 200.0, 400.0, 800.0, float("inf"))
SHARES = (0.55, 0.85, 0.97, 0.995, 1.0, 1.0)
"""Which share of the requests was answered within each bound, in milliseconds."""


@dataclass
class PlayedTime:
    """The moment that all played targets live in.

    The engine asks its targets from threads that the moved clock does not reach, so whoever moves
    the clock tells it here too.
    """

    moment: datetime


@dataclass
class _Served:
    requests: float = 0.0
    errors: float = 0.0


@dataclass
class PlayedTarget:
    """One environment in one region of the past.

    `per_second` are the visitors' requests; `error_share` is what each slot fails of them (a slot
    that is not named fails one request in five thousand).
    """

    region: str
    data_class: str
    time: PlayedTime
    per_second: float
    error_share: dict[str, float] = field(default_factory=dict)
    slots: dict[str, SlotSpec] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    background: str | None = None
    fence: int = 0
    served: dict[str, _Served] = field(default_factory=dict)
    _since: datetime | None = None

    def probe(self, slot: SlotSpec) -> ProbeResult:
        """It could always run what ran."""
        return ProbeResult(self.data_class, "played")

    def observe(self) -> Observation:
        """What was there at the moved clock's moment."""
        now = self._count()
        return Observation(
            region=self.region,
            at=now,
            fence=self.fence,
            slots=tuple(self._state(slot) for slot in self.slots.values()),
            weights={slot: weight for slot, weight in self.weights.items() if weight},
            background=self.background,
            edges=tuple(self._edges()),
        )

    def ensure(self, fence: int, slot: SlotSpec) -> None:
        """Have the slot, ready at once."""
        self._pass(fence)
        self.slots[slot.slot] = slot

    def run_job(self, fence: int, slot: SlotSpec, job: JobSpec) -> JobResult:
        """Every job of the past went well."""
        self._pass(fence)
        return JobResult(job.key, "succeeded", 0, (f"{job.name} of {job.component}: done",))

    def switch(self, fence: int, routing: Routing) -> None:
        """Have these weights."""
        self._pass(fence)
        self._count()
        self.weights = dict(routing.weights)
        self.background = routing.background

    def retire(self, fence: int, slot: str) -> None:
        """Have the slot gone."""
        self._pass(fence)
        if self.weights.get(slot):
            raise PlatformRefused("invalid", f"{slot} still takes traffic.")
        self.slots.pop(slot, None)

    def lines(self, slot: str, after: Mapping[str, int]) -> Sequence[tuple[str, int, str]]:
        """The output of the past is not kept."""
        return ()

    def _pass(self, fence: int) -> None:
        if fence < self.fence:
            raise PlatformRefused("fence", f"The fence {fence} is lower than {self.fence}.")
        self.fence = fence

    def _count(self) -> datetime:
        """Add what visitors asked for since the last look."""
        now = self.time.moment
        seconds = max(0.0, (now - self._since).total_seconds()) if self._since else 0.0
        self._since = now
        for slot, weight in self.weights.items():
            served = self.served.setdefault(slot, _Served())
            asked = seconds * self.per_second * weight / 100
            served.requests += asked
            served.errors += asked * self.error_share.get(slot, 0.0002)
        return now

    def _state(self, slot: SlotSpec) -> SlotState:
        return SlotState(
            slot.slot,
            slot.release,
            tuple(
                ComponentState(
                    name=component.name,
                    kind=component.kind,
                    artifact=component.artifact,
                    ready=True,
                    active=component.kind != "http" and slot.slot == self.background,
                )
                for component in slot.components
            ),
        )

    def _edges(self) -> Sequence[EdgeStats]:
        return [
            EdgeStats(
                component=component.name,
                slot=name,
                requests=int(served.requests),
                errors=int(served.errors),
                latency_ms={
                    bound: int(served.requests * share) for bound, share in zip(BOUNDS, SHARES, strict=True)
                },
            )
            for name, served in self.served.items()
            if name in self.slots
            for component in self.slots[name].components
            if component.edge
        ]
