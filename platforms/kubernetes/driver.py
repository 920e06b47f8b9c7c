"""The driver of a Kubernetes target: `platforms.base.Platform` on server-side apply, watches and routes.

Called by the engine from worker threads. A driver may be made anew for every look: connections and
watches are the process's, everything else is in the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from platforms.base import (
    ComponentSpec,
    JobResult,
    JobSpec,
    Observation,
    PlatformRefused,
    PlatformUnavailable,
    Preview,
    ProbeResult,
    Routing,
    Running,
    SlotSpec,
    TakeOver,
)
from platforms.kubernetes import (
    background,
    jobs,
    logs,
    names,
    observing,
    preview,
    probing,
    sizes,
    slots,
    specification,
    traffic,
    way_back,
)
from platforms.kubernetes.adopting import taking
from platforms.kubernetes.refusals import Conflict, Gone, Missing
from platforms.kubernetes.settings import read_settings
from platforms.kubernetes.target import Target, fence_of, label, wanted_background, wanted_weights


class KubernetesPlatform:
    """One environment in one region: a namespace of a cluster; implements `platforms.base.Platform`."""

    def __init__(self, environment: str, region: str, data_class: str, settings: Mapping[str, Any]) -> None:
        """Settings: see docs/kubernetes.md. Raises PlatformRefused (`invalid`) when they cannot be used."""
        with _errors():
            self._target = Target(environment, region, read_settings(settings))
        self._data_class = data_class

    def probe(self, slot: SlotSpec) -> ProbeResult:
        """Could this target run that slot? Tried by the API server without keeping anything."""
        with _errors():
            return probing.probe(self._target, slot, self._data_class)

    def preview(self, slot: SlotSpec) -> Preview:
        """What this slot would change beside what serves now, as the API server would make it."""
        with _errors():
            weights = wanted_weights(self._target.state())
            serving = max(weights, key=lambda name: weights[name], default=None)
            return Preview(*preview.changes(self._target, slot, serving))

    def observe(self) -> Observation:
        """What is there now."""
        with _errors():
            return observing.observe(self._target)

    def running(self, components: Sequence[ComponentSpec], named: Mapping[str, str]) -> Running:
        """What others run here for these components."""
        with _errors():
            return taking.running(self._target, components, named)

    def take_over(self, slot: SlotSpec, named: Mapping[str, str]) -> TakeOver:
        """What would change if that became this slot."""
        with _errors():
            return taking.take_over(self._target, slot, named)

    def adopt(self, fence: int, slot: SlotSpec, named: Mapping[str, str]) -> None:
        """Have it as this slot, with all traffic and background work, and no pod started anew."""
        with _errors():
            self._target.take(fence)
            taking.label_all(self._target, slot, named)
        self.switch(fence, Routing({slot.slot: 100}, slot.slot))

    def ensure(self, fence: int, slot: SlotSpec) -> None:
        """Have these objects; pods get ready in their own time."""
        with _errors():
            for component in slot.components:
                slots.objects_of(self._target, slot, component)
            state = self._target.take(fence)
            weights = json.loads((state.get("data") or {}).get("weights") or "{}")
            serving = sizes.serving_sizes(self._target, weights)
            slots.ensure(self._target, slot, serving)
            scaled = any(slots.uses(self._target, name, names.AUTOSCALER) for name in weights)
            if serving and scaled and not weights.get(slot.slot):
                sizes.pin_serving(self._target, weights, serving)

    def settle(self, slot: str, seconds: float) -> None:
        """Return as soon as that slot is ready, after so many seconds in any case."""
        with _errors():
            target = self._target
            target.watch(names.DEPLOYMENT).until(lambda: observing.ready(target, slot), seconds)

    def run_job(self, fence: int, slot: SlotSpec, job: JobSpec) -> JobResult:
        """Start the job if its key is new, and tell where it stands."""
        with _errors():
            self._target.take(fence)
            return jobs.run(self._target, slot, job)

    def switch(self, fence: int, routing: Routing) -> None:
        """Have this routing; the gateway follows the weights when this returns."""
        self._switch(fence, routing, "")

    def by_hand(self, slot: str, who: str, reason: str = "") -> None:
        """All to one slot ("": to none), past the portal: a higher fence and a mark tell the portal of it."""
        with _errors():
            fence = fence_of(self._target.state()) + 1
        at = datetime.now(UTC).isoformat(timespec="seconds")
        mark = json.dumps({"mark": "offline", "by": who[:100], "at": at, "reason": reason[:500]})
        self._switch(fence, Routing({slot: 100}, slot) if slot else Routing({}, None), mark)

    def specification(self, slot: str) -> Mapping[str, Any]:
        """What that slot is made of, without what always differs."""
        with _errors():
            return specification.of_slot(self._target, slot)

    def tell_way_back(self, what: str, blue: str | None, green: str, commands: Sequence[str]) -> bool:
        """Have blue's exact weights and the commands on every route; False while one is not there yet."""
        with _errors():
            return way_back.tell(self._target, what, blue, green, tuple(commands))

    def _switch(self, fence: int, routing: Routing, mark: str) -> None:
        with _errors():
            _check(routing)
            here = [label(item, names.SLOT) for item in slots.records(self._target)]
            for slot in {*(s for s, w in routing.weights.items() if w), *filter(None, [routing.background])}:
                if slot not in here:
                    raise PlatformRefused(
                        "unknown_slot", f"There is no slot {slot} in {self._target.region}."
                    )
            self._target.take(fence, lambda data: _remember(data, routing, mark))
            edges = slots.edges(self._target)
            traffic.follow(self._target, fence, routing.weights, edges, here)
            background.hand_over(self._target, routing.background)
            serving = [slot for slot, weight in routing.weights.items() if weight]
            if len(serving) == 1 and slots.uses(self._target, serving[0], names.AUTOSCALER):
                sizes.release(self._target, serving[0])

    def resize(self, fence: int, now: datetime) -> Sequence[str]:
        """Have the sizes of that moment in the colours that work."""
        with _errors():
            state = self._target.take(fence)
            slot = wanted_background(state)
            return sizes.resize(self._target, wanted_weights(state), slot, now)

    def retire(self, fence: int, slot: str) -> None:
        """Have that slot gone; its pods end in their own time and are seen until then."""
        with _errors():
            self._target.take(fence)
            if traffic.serves(self._target, slot):
                raise PlatformRefused("invalid", f"{slot} serves in {self._target.region}; it cannot go.")
            way_back.forget(self._target, slot)
            traffic.leave(self._target, slot)
            slots.retire(self._target, slot)

    def lines(self, slot: str, after: Mapping[str, int]) -> Sequence[tuple[str, int, str]]:
        """New output of the slot's pods."""
        with _errors():
            return logs.new_lines(self._target, slot, after)


@contextmanager
def _errors() -> Iterator[None]:
    """Nothing but the two errors of the contract leaves the driver."""
    try:
        yield
    except Missing as error:
        raise PlatformUnavailable(f"Something that was there is gone: {error}.") from error
    except (Conflict, Gone) as error:
        raise PlatformUnavailable(f"It is being changed by others: {error}.", 1.0) from error


def _check(routing: Routing) -> None:
    total = sum(routing.weights.values())
    if routing.weights and (total != 100 or min(routing.weights.values()) < 0):
        raise PlatformRefused("invalid", f"The weights sum to {total}, not to 100, or one is below 0.")


def _remember(data: dict[str, str], routing: Routing, mark: str) -> None:
    data.pop("mark", None)
    if mark:
        data["mark"] = mark
    data["weights"] = json.dumps({slot: w for slot, w in routing.weights.items() if w}, sort_keys=True)
    data["background"] = routing.background or ""
