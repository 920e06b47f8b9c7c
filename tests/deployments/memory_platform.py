"""A platform in memory that truly keeps the contract of `platforms.base`; no process, no port.

`World` holds one target per (environment, region) and stands in for `platforms.registry.open_platform`.
Tests let requests arrive with `serve`, and can make a target silent, slow or broken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from events import clock
from platforms.base import (
    ComponentState,
    EdgeStats,
    JobResult,
    JobSpec,
    Observation,
    PlatformRefused,
    PlatformUnavailable,
    ProbeResult,
    Routing,
    SlotSpec,
    SlotState,
)

BOUNDS = (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, float("inf"))


@dataclass
class Counter:
    """What one edge component served in one slot."""

    requests: int = 0
    errors: int = 0
    latency: dict[float, int] = field(default_factory=lambda: dict.fromkeys(BOUNDS, 0))

    def count(self, requests: int, errors: int, milliseconds: float) -> None:
        self.requests += requests
        self.errors += errors
        for bound in BOUNDS:
            if milliseconds <= bound:
                self.latency[bound] += requests


class MemoryPlatform:
    """One target. Jobs end at once unless `running_jobs` names them."""

    def __init__(self, environment: str, region: str, data_class: str) -> None:
        self.environment, self.region, self.data_class = environment, region, data_class
        self.fence = 0
        self.specs: dict[str, SlotSpec] = {}
        self.routing = Routing({}, None)
        self.mark = self.marked_by = self.mark_reason = ""
        self.marked_at: datetime | None = None
        self.counters: dict[tuple[str, str], Counter] = {}
        self.jobs: dict[str, JobResult] = {}
        self.failing_jobs: set[tuple[str, str]] = set()
        self.running_jobs: set[tuple[str, str]] = set()
        self.unready: dict[str, str] = {}
        self.missing_artifacts: set[str] = set()
        self.draining: dict[str, int] = {}
        self.output: dict[tuple[str, str], list[str]] = {}
        self.silent: str = ""
        self.before_call: Callable[[str], None] = lambda verb: None
        self.after_change: Callable[[str], None] = lambda verb: None
        self.history: list[tuple[int, dict[str, int], str | None]] = []
        self.calls: list[str] = []
        self.lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        """For a copy, which has a lock of its own and nobody who waits for its calls."""
        own = ("lock", "before_call", "after_change")
        return {name: value for name, value in vars(self).items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["environment"], state["region"], state["data_class"])  # type: ignore[misc]
        vars(self).update(state)

    def probe(self, slot: SlotSpec) -> ProbeResult:
        self._answer("probe")
        problems = [
            f"The artefact of {c.name} is missing."
            for c in slot.components
            if c.artifact in self.missing_artifacts
        ]
        return ProbeResult(self.data_class, "memory", tuple(problems))

    def observe(self) -> Observation:
        self._answer("observe")
        with self.lock:
            edges = tuple(
                EdgeStats(
                    component,
                    slot,
                    c.requests,
                    c.errors,
                    dict(c.latency),
                    draining=self.draining.get(slot, 0),
                )
                for (slot, component), c in self.counters.items()
            )
            return Observation(
                region=self.region,
                at=clock.now(),
                fence=self.fence,
                slots=tuple(self._state(spec) for spec in self.specs.values()),
                weights=dict(self.routing.weights),
                background=self.routing.background,
                edges=edges,
                addresses={"web": f"http://{self.region}.{self.environment}.test"},
                mark=self.mark,
                marked_by=self.marked_by,
                marked_at=self.marked_at,
                mark_reason=self.mark_reason,
            )

    def ensure(self, fence: int, slot: SlotSpec) -> None:
        self._change("ensure", fence)
        with self.lock:
            for component in slot.components:
                if component.artifact in self.missing_artifacts:
                    raise PlatformRefused("artifact_missing", f"The artefact of {component.name} is missing.")
            self.specs[slot.slot] = slot
            for component in slot.components:
                self.output.setdefault((slot.slot, component.name), [f"{component.name} starts"])
            for component in slot.components:
                if component.edge:
                    self.counters.setdefault((slot.slot, component.name), Counter())
        self.after_change("ensure")

    def run_job(self, fence: int, slot: SlotSpec, job: JobSpec) -> JobResult:
        self._change("run_job", fence)
        with self.lock:
            known = self.jobs.get(job.key)
            if known is not None and known.state != "running":
                return known
            component = next(c for c in slot.components if c.name == job.component)
            if job.name not in (component.manifest.get("jobs") or {}):
                raise PlatformRefused("unknown_job", f"{job.component} has no job {job.name}.")
            lines = (f"{job.name} of {job.component} in {self.region}",)
            if (job.component, job.name) in self.running_jobs:
                result = JobResult(job.key, "running", None, lines)
            elif (job.component, job.name) in self.failing_jobs:
                result = JobResult(job.key, "failed", 3, (*lines, "relation does not exist"))
            else:
                result = JobResult(job.key, "succeeded", 0, (*lines, "done"))
            self.jobs[job.key] = result
        self.after_change("run_job")
        return result

    def switch(self, fence: int, routing: Routing) -> None:
        self._change("switch", fence)
        with self.lock:
            weights = routing.weights.values()
            if routing.weights and (sum(weights) != 100 or min(weights) < 0):
                raise PlatformRefused("invalid", "Weights must sum to 100, none below 0.")
            for slot in (*routing.weights, *([routing.background] if routing.background else [])):
                if slot not in self.specs:
                    raise PlatformRefused("unknown_slot", f"There is no slot {slot}.")
            self.routing = Routing(dict(routing.weights), routing.background)
            self.mark = self.marked_by = self.mark_reason = ""
            self.marked_at = None
            self.history.append((fence, dict(routing.weights), routing.background))
        self.after_change("switch")

    def retire(self, fence: int, slot: str) -> None:
        self._change("retire", fence)
        with self.lock:
            if self.routing.weights.get(slot, 0):
                raise PlatformRefused("invalid", f"{slot} still has weight.")
            self.specs.pop(slot, None)
            for key in [key for key in self.counters if key[0] == slot]:
                del self.counters[key]
        self.after_change("retire")

    def lines(self, slot: str, after: Mapping[str, int]) -> Sequence[tuple[str, int, str]]:
        self._answer("lines")
        found = []
        for (name, component), texts in self.output.items():
            if name == slot:
                start = after.get(component, 0)
                found += [(component, n, t) for n, t in enumerate(texts, start=1) if n > start]
        return found

    def serve(
        self,
        requests: int,
        *,
        error_rate: Mapping[str, float] | None = None,
        ms: Mapping[str, float] | None = None,
        component: str = "web",
    ) -> None:
        """Let that many requests arrive, split by the weights in force, failing as told by slot."""
        with self.lock:
            for slot, weight in self.routing.weights.items():
                share = round(requests * weight / 100)
                errors = round(share * (error_rate or {}).get(slot, 0.0))
                self.counters.setdefault((slot, component), Counter()).count(
                    share, errors, (ms or {}).get(slot, 20.0)
                )

    def act_past_portal(self, weights: dict[str, int], who: str = "", reason: str = "") -> None:
        """What somebody at the machine does when the portal is down."""
        with self.lock:
            self.routing = Routing(weights, self.routing.background)
            self.fence += 1
            self.mark, self.marked_by, self.mark_reason, self.marked_at = "offline", who, reason, clock.now()

    def restart_counters(self) -> None:
        with self.lock:
            self.counters = {key: Counter() for key in self.counters}

    def _state(self, spec: SlotSpec) -> SlotState:
        components = tuple(
            ComponentState(
                c.name,
                c.kind,
                c.artifact,
                ready=c.name not in self.unready,
                active=c.kind != "http" and self.routing.background == spec.slot,
                reason=self.unready.get(c.name, ""),
            )
            for c in spec.components
        )
        return SlotState(spec.slot, spec.release, components)

    def _answer(self, verb: str) -> None:
        self.calls.append(verb)
        self.before_call(verb)
        if self.silent:
            raise PlatformUnavailable(self.silent, 1.0)

    def _change(self, verb: str, fence: int) -> None:
        self._answer(verb)
        with self.lock:
            if fence < self.fence:
                raise PlatformRefused("fence", f"Fence {fence} is lower than {self.fence}.")
            self.fence = fence


class World:
    """Every target of a test, made on first use."""

    def __init__(self) -> None:
        self.targets: dict[tuple[str, str], MemoryPlatform] = {}

    def __repr__(self) -> str:
        return f"World of {sorted(self.targets)}"

    def open(
        self, driver: str, environment: str, region: str, data_class: str, settings: Mapping[str, Any]
    ) -> MemoryPlatform:
        key = (environment, region)
        if key not in self.targets:
            self.targets[key] = MemoryPlatform(environment, region, data_class)
        return self.targets[key]

    def at(self, region: str, environment: str = "production") -> MemoryPlatform:
        """The target of that region."""
        data_class = {"development": "synthetic", "staging": "anonymized"}.get(environment, "production")
        return self.open("memory", environment, region, data_class, {})

    def serve(self, requests: int, environment: str = "production", **how: Any) -> None:
        """Let requests arrive in every region of an environment."""
        for (name, _), target in self.targets.items():
            if name == environment:
                target.serve(requests, **how)
