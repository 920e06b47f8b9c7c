"""One colour as it runs: its processes, their ports, their lines and how they are.

In comes a SlotSpec, out go states and lines. http processes run from `start` to `stop`; workers
and schedules only between `start_background` and `stop_background`. Called by `targets.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from platforms.base import ComponentSpec, ComponentState, PlatformRefused, SlotSpec, SlotState
from platforms.local.children import Child
from platforms.local.health import not_ready
from platforms.local.keeper import Keeper
from platforms.local.lines import LineRing
from platforms.local.manifest import Manifest, read_manifest
from platforms.local.ports import free_port
from platforms.local.schedule import ScheduleKeeper
from platforms.local.surroundings import Surroundings

POSITIONS = 1_000_000_000
"""Line positions of one life of the agent; the next life begins beyond them."""


def manifests(slot: SlotSpec) -> dict[str, Manifest]:
    """Every component's manifest. Raises PlatformRefused (`invalid`) with every problem."""
    found: dict[str, Manifest] = {}
    problems: list[str] = []
    for component in slot.components:
        manifest, wrong = read_manifest(component)
        problems += wrong
        if manifest is not None:
            found[component.name] = manifest
    if problems:
        raise PlatformRefused("invalid", " ".join(problems))
    return found


class RunningSlot:
    """The processes of one colour in one target."""

    def __init__(
        self, spec: SlotSpec, around: Surroundings, generation: int, due: dict[str, float], taken: set[int]
    ) -> None:
        """`due` keeps when schedules start next, over all colours; `taken` the ports in use."""
        self.spec = spec
        self.manifests = manifests(spec)
        self.ports: dict[str, list[int]] = {}
        self.retiring = False
        self._around = around
        self._due = due
        self._rings = {c.name: LineRing(generation * POSITIONS + 1) for c in spec.components}
        self._running: dict[str, str] = {}
        self._keepers: dict[str, list[Keeper]] = {c.name: [] for c in spec.components}
        self._taken = taken
        for component in spec.components:
            if component.kind == "http":
                self.ports[component.name] = [
                    self._port() for _ in range(self.manifests[component.name].replicas)
                ]

    def start(self) -> None:
        """Begin to keep the http processes."""
        for component in self.spec.components:
            if component.kind == "http":
                self._keep(component)

    def start_background(self) -> None:
        """Begin to keep the workers and schedules."""
        for component in self.spec.components:
            if component.kind != "http" and not self._keepers[component.name]:
                self._keep(component)

    async def stop_background(self, at_most: float | None = None) -> None:
        """End the workers and schedules; they are gone when this returns."""
        names = [c.name for c in self.spec.components if c.kind != "http"]
        await self._stop(names, at_most)

    async def stop(self, at_most: float | None = None) -> None:
        """End everything; it is gone when this returns."""
        await self._stop(list(self._keepers), at_most)
        self._taken.difference_update(port for own in self.ports.values() for port in own)

    def addresses(self, component: str) -> list[str]:
        """host:port of every process of that http component."""
        return [f"127.0.0.1:{port}" for port in self.ports.get(component, ())]

    def state(self, serving_background: bool) -> SlotState:
        """As it is seen now."""
        states = tuple(self._component(c, serving_background) for c in self.spec.components)
        return SlotState(self.spec.slot, self.spec.release, states)

    def lines(self, after: dict[str, int], limit: int) -> list[tuple[str, int, str]]:
        """New output of all components, at most `limit` lines of each."""
        return [
            (name, position, text)
            for name, ring in self._rings.items()
            for position, text in ring.after(after.get(name, 0), limit)
        ]

    def _port(self) -> int:
        port = free_port(self._taken)
        self._taken.add(port)
        return port

    def _keep(self, component: ComponentSpec) -> None:
        manifest = self.manifests[component.name]
        ring = self._rings[component.name]
        for replica in range(manifest.replicas):
            prefix = f"[{replica + 1}] " if manifest.replicas > 1 else ""
            say = partial(_say, ring, prefix)
            launch = partial(self._launch, component, manifest, replica, say)
            last = partial(_last, ring)
            if component.kind == "schedule":
                keeper: Keeper = ScheduleKeeper(
                    launch, say, last, manifest.stop_seconds, manifest.every, self._due, component.name
                )
            else:
                check = None
                if component.kind == "http":
                    check = partial(not_ready, self.ports[component.name][replica], manifest.health)
                keeper = Keeper(launch, check, say, last, manifest.stop_seconds)
            self._keepers[component.name].append(keeper)

    async def _launch(
        self, component: ComponentSpec, manifest: Manifest, replica: int, say: Callable[[str], None]
    ) -> Child:
        child = await self._around.start(self.spec, component, manifest.command, self.ports, replica, say)
        self._running[component.name] = component.artifact
        return child

    async def _stop(self, names: Sequence[str], at_most: float | None) -> None:
        keepers = [keeper for name in names for keeper in self._keepers[name]]
        await asyncio.gather(*(keeper.stop(at_most) for keeper in keepers))
        for name in names:
            self._keepers[name] = []

    def _component(self, component: ComponentSpec, serving_background: bool) -> ComponentState:
        keepers = self._keepers[component.name]
        resting = component.kind != "http" and not keepers
        waiting = [keeper for keeper in keepers if not keeper.ready]
        reason = waiting[0].reason if waiting else ""
        alive = component.kind == "schedule" or any(keeper.alive for keeper in keepers)
        running = self._running.get(component.name, "") if alive else ""
        if len(keepers) > 1 and waiting:
            reason = f"{len(waiting)} of {len(keepers)} processes are not ready: {reason}"
        if self.retiring:
            reason = "is being taken down"
        return ComponentState(
            name=component.name,
            kind=component.kind,
            artifact=component.artifact if resting else running,
            ready=not self.retiring and not waiting and (resting or bool(keepers)),
            active=bool(keepers) and serving_background and component.kind != "http",
            restarts=sum(keeper.restarts for keeper in keepers),
            reason=reason,
        )


def _say(ring: LineRing, prefix: str, text: str) -> None:
    ring.add(prefix + text)


def _last(ring: LineRing) -> str:
    return ring.last
