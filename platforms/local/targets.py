"""One target of the agent: the verbs of `platforms.base.Platform` upon real processes.

In come the driver's calls, out go processes, routing and observations. Every change is checked
against the fence, written to the state file, and only then done; one change at a time. Called by
`api.py`; `take_up` makes a restarted agent have again what is wanted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platforms.base import (
    JobResult,
    JobSpec,
    Observation,
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    ProbeResult,
    Routing,
    SlotSpec,
)
from platforms.local import protocol
from platforms.local.artifacts import ArtifactStore
from platforms.local.background import Background
from platforms.local.databases import Databases
from platforms.local.edges import Edges
from platforms.local.jobs import JobBook
from platforms.local.slots import RunningSlot, manifests
from platforms.local.state import StateFile
from platforms.local.surroundings import Surroundings

log = logging.getLogger(__name__)
HAND_OVER_SECONDS = 3.0
"""How long `switch` waits for the background work; the weights never wait for it."""

LEAVING_SECONDS = 60.0
"""How long the requests in flight of a slot may take before it is taken down."""

LAST_SECONDS = 1.0
LINES = 500
NO_MARK = ("", "", "", "")
"""What an act of the portal leaves: the mark, whose, when and why are empty."""


class Target:
    """One environment in one region."""

    def __init__(
        self,
        environment: str,
        region: str,
        state: StateFile,
        store: ArtifactStore,
        databases: Databases,
        taken: set[int],
    ) -> None:
        self.environment = environment
        self.region = region
        self.key = f"{environment}/{region}"
        self.wanted = state.wanted(self.key)
        folder = state.folder / "targets" / environment / region
        folder.mkdir(parents=True, exist_ok=True)
        self._state = state
        self._taken = taken
        self._slots: dict[str, RunningSlot] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._due: dict[str, float] = {}
        self._lock = asyncio.Lock()
        self._restoring: asyncio.Task[None] | None = None
        self._jobs = JobBook(folder / "jobs")
        self._background = Background(self._slots.get)
        self._around = Surroundings(environment, region, state.mark, store, databases, self._artifacts)
        self.edges = Edges(self.wanted, environment, region, folder, state.mark, taken)

    def take_up(self) -> None:
        """Have again what an earlier life of the agent had."""
        for name, spec in list(self.wanted.slots.items()):
            try:
                self._run(spec)
            except (PlatformRefused, OSError) as error:  # the others must not suffer for it
                log.error("%s: the slot %s cannot be taken up: %s", self.key, name, error)
        self._background.want(self.wanted.background)
        self._restoring = asyncio.create_task(self.edges.restore(self._slots))

    def settle(self, settings: Mapping[str, Any]) -> None:
        """Take the target's entry of the platform file as it came with a call."""
        self.wanted.artifacts = str(settings.get("artifacts", ""))
        self.edges.settle(settings)

    async def probe(self, slot: SlotSpec, data_class: str) -> ProbeResult:
        """What would stand in the way of running that slot, as sentences."""
        problems: list[str] = []
        for check in (self._check_class(data_class), self._check_parts(slot), self._check_database()):
            try:
                await check
            except PlatformError as error:
                problems.append(str(error))
        for component in slot.components:
            try:
                await self._around.verified(component)
            except PlatformRefused as error:
                problems.append(f"{component.name}: {error.reason}")
        problems += self.edges.problems(slot)
        return ProbeResult(self.wanted.data_class or data_class, protocol.VERSION, tuple(problems))

    async def observe(self) -> Observation:
        """What is really there."""
        seen = await self.edges.observe()
        running = self._background.running
        return Observation(
            region=self.region,
            at=datetime.now(UTC),
            fence=self.wanted.fence,
            slots=tuple(slot.state(name == running) for name, slot in self._slots.items()),
            weights=seen["weights"],
            background=running,
            edges=tuple(protocol.read_edge(edge) for edge in seen["edges"]),
            addresses=self.edges.addresses(),
            mark=self.wanted.mark,
            marked_by=self.wanted.marked_by,
            marked_at=datetime.fromisoformat(self.wanted.marked_at) if self.wanted.marked_at else None,
            mark_reason=self.wanted.mark_reason,
        )

    async def ensure(self, fence: int, slot: SlotSpec, data_class: str) -> None:
        """Have that slot's processes, without traffic."""
        await self._check_class(data_class)
        manifests(slot)
        if self.wanted.slots.get(slot.slot) != slot:
            for component in slot.components:
                await self._around.verified(component)
        async with self._lock:
            self._check_fence(fence)
            if slot.slot in self._leaving:
                raise PlatformUnavailable(f"{slot.slot} is still being taken down.", 1.0)
            if not slot.components and slot.slot in self.wanted.slots:
                self._save(fence)
                return  # room was made before
            await self._replace_other(slot)
            await self.edges.open(slot)
            self.wanted.data_class = data_class
            self.wanted.slots[slot.slot] = slot
            self._save(fence)
            if slot.slot not in self._slots:
                self._run(slot)
            await self.edges.apply(self._slots, "portal")

    async def run_job(self, fence: int, slot: SlotSpec, job: JobSpec, data_class: str) -> JobResult:
        """Start the job if its key is new, and tell where it stands."""
        await self._check_class(data_class)
        component = next((c for c in slot.components if c.name == job.component), None)
        if component is None or job.slot != slot.slot:
            raise PlatformRefused("invalid", f"The slot {slot.slot} has no component {job.component}.")
        command = manifests(slot)[job.component].jobs.get(job.name)
        if command is None:
            raise PlatformRefused("unknown_job", f"{job.component} has no job named {job.name}.")
        async with self._lock:
            self._check_fence(fence)
            known = self._jobs.get(job)
            if known is not None:
                return known
            self.wanted.data_class = data_class
            self._save(fence)
            running = self._slots.get(slot.slot)
            ports = running.ports if running else {}
            around = self._around
            return self._jobs.run(job, lambda sink: around.start(slot, component, command, ports, 0, sink))

    async def switch(
        self, fence: int, routing: Routing, who: str = "portal", mark: tuple[str, str, str, str] = NO_MARK
    ) -> None:
        """Have this routing: weights at once, background work after the former has ended."""
        async with self._lock:
            self._check_fence(fence)
            for slot in (*routing.weights, *([routing.background] if routing.background else [])):
                if slot not in self.wanted.slots:
                    raise PlatformRefused("unknown_slot", f"There is no slot {slot} in {self.region}.")
            self.wanted.weights = dict(routing.weights)
            self.wanted.background = routing.background
            wanted = self.wanted
            wanted.mark, wanted.marked_by, wanted.marked_at, wanted.mark_reason = mark
            self._save(fence)
            self._background.want(routing.background)
            await self.edges.apply(self._slots, who)
        await self._background.settled(HAND_OVER_SECONDS)

    async def by_hand(self, slot: str, who: str, reason: str) -> None:
        """All to one slot ("": to none), past the portal: a higher fence and a mark tell the portal of it."""
        routing = Routing({slot: 100}, slot) if slot else Routing({}, None)
        mark = ("offline", who, datetime.now(UTC).isoformat(), reason)
        await self.switch(self.wanted.fence + 1, routing, f"by hand: {who}", mark)

    async def retire(self, fence: int, slot: str) -> None:
        """Have that slot gone; it goes when its requests in flight have ended."""
        async with self._lock:
            self._check_fence(fence)
            if self.wanted.weights.get(slot):
                raise PlatformRefused("invalid", f"{slot} still serves {self.wanted.weights[slot]} % here.")
            self.wanted.weights.pop(slot, None)
            if self.wanted.background == slot:
                self.wanted.background = None
                self._background.want(None)
            self.wanted.slots.pop(slot, None)
            self._save(fence)
            running = self._slots.get(slot)
            if running is not None and slot not in self._leaving:
                running.retiring = True
                self._leaving[slot] = asyncio.create_task(self._take_down(running))

    def lines(self, slot: str, after: dict[str, int]) -> list[tuple[str, int, str]]:
        """New output of that slot. Raises PlatformRefused (`unknown_slot`)."""
        running = self._slots.get(slot)
        if running is None:
            raise PlatformRefused("unknown_slot", f"There is no slot {slot} in {self.region}.")
        return running.lines(after, LINES)

    async def close(self, seconds: float) -> None:
        """End everything within about `seconds`; what is wanted stays in the state file."""
        await self._background.close()
        for task in (*self._leaving.values(), *([self._restoring] if self._restoring else [])):
            task.cancel()
        await self.edges.close(seconds)
        await asyncio.gather(self._jobs.stop(), *(slot.stop(seconds) for slot in self._slots.values()))

    def _artifacts(self) -> Path:
        return Path(self.wanted.artifacts)

    def _run(self, spec: SlotSpec) -> None:
        slot = RunningSlot(spec, self._around, self._state.generation, self._due, self._taken)
        self._slots[spec.slot] = slot
        slot.start()

    async def _replace_other(self, slot: SlotSpec) -> None:
        """A slot of that name with other contents may only be replaced while it does nothing."""
        former = self.wanted.slots.get(slot.slot)
        if former is None or former == slot:
            return
        if self.wanted.weights.get(slot.slot) or self.wanted.background == slot.slot:
            raise PlatformRefused("invalid", f"{slot.slot} is at work here with other contents.")
        await self._slots.pop(slot.slot).stop()

    async def _take_down(self, slot: RunningSlot) -> None:
        name = slot.spec.slot
        drain = max((component.drain_seconds for component in slot.spec.components), default=0)
        try:
            await self.edges.idle(name, LEAVING_SECONDS + drain)
            await self._jobs.stop(name)
            await slot.stop()
        finally:
            self._slots.pop(name, None)
            self._leaving.pop(name, None)
        async with self._lock:
            await self._forget_routes()

    async def _forget_routes(self) -> None:
        """After a slot has gone: the proxy forgets it, and ends with the last one."""
        try:
            if self._slots:
                await self.edges.apply(self._slots, "portal")
            else:
                await self.edges.close(LAST_SECONDS)
        except PlatformError as error:  # it forgets the slot with the next table
            log.warning("%s: %s", self.key, error)

    def _check_fence(self, fence: int) -> None:
        if fence < self.wanted.fence:
            raise PlatformRefused(
                "fence", f"{self.region} has seen the fence {self.wanted.fence}, higher than {fence}."
            )

    def _save(self, fence: int) -> None:
        self.wanted.fence = max(fence, self.wanted.fence)
        self._state.save(self.key, self.wanted)

    async def _check_class(self, data_class: str) -> None:
        holds = self.wanted.data_class
        if holds and holds != data_class and self.wanted.slots:
            raise PlatformRefused(
                "data_class", f"{self.key} holds {holds} data, and was asked to run as {data_class}."
            )

    async def _check_parts(self, slot: SlotSpec) -> None:
        manifests(slot)

    async def _check_database(self) -> None:
        await self._around.database_url()
