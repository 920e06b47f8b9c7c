"""What the portal asks of the place where releases run.

A driver (`platforms/local/`, `platforms/kubernetes/`) implements `Platform` for one
target: one environment in one region. Frozen dataclasses go in and come out; nothing here or
in a driver imports any of the portal's apps. The engine in `deployments` is the only caller.

Every call that changes something carries the run's fence. A target remembers the highest fence
that it has seen and refuses a lower one, so that a worker which slept through its lease changes
nothing. Every call may be repeated: it describes the wanted state, not a step towards it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

ComponentKind = Literal["http", "worker", "schedule"]
JobState = Literal["running", "succeeded", "failed"]


class PlatformError(Exception):
    """Root of everything that a driver raises."""


class PlatformUnavailable(PlatformError):
    """The target did not answer; ask again after `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: float = 2.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class PlatformRefused(PlatformError):
    """The target answered no, and will again; `code` is stable, `reason` is for people.

    Codes: `fence` (a higher one was seen), `artifact_missing`, `artifact_mismatch`,
    `data_class`, `unknown_slot`, `unknown_job`, `invalid`; of a cluster also `forbidden`, `quota`,
    `admission`, `owned` (by another manager) and `terminating`.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One component of a release as a target must run it.

    `artifact` is `sha256:<hex>`. `manifest` is what only the driver reads (for the local one:
    command, health path, jobs, replicas, every). `configuration` goes into the environment of
    the process. `drain_seconds` is how long an open upgraded connection may end in its colour. `objects`
    is what was rendered of it into the content for this environment (Kubernetes), with placeholders.
    """

    name: str
    kind: ComponentKind
    artifact: str
    edge: bool = False
    manifest: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, str] = field(default_factory=dict)
    drain_seconds: int = 0
    objects: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """A colour: all components of one content, under a slot named by that content.

    Without components it is room for that colour: `ensure` makes it known and starts nothing, and
    leaves alone what is there already. `run` and `seal` are told beside it to people of the target.
    """

    slot: str
    release: str
    components: tuple[ComponentSpec, ...]
    run: str = ""
    seal: str = ""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job of one component (`migrate_expand`, `migrate_contract`, `smoke`, …).

    `key` names run, step and content: a second call with the same key returns the first
    outcome and starts nothing.
    """

    key: str
    slot: str
    component: str
    name: str
    timeout_seconds: int = 300


@dataclass(frozen=True, slots=True)
class JobResult:
    """Where a job stands. `lines` is all of its output so far, bounded, oldest first."""

    key: str
    state: JobState
    exit_code: int | None = None
    lines: tuple[str, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class ComponentState:
    """One component in one slot as it was seen.

    `artifact` is the digest of what really runs, recomputed by the target. `active` tells for a
    worker or schedule whether it takes work now. `reason` says why it is not ready.
    """

    name: str
    kind: ComponentKind
    artifact: str
    ready: bool
    active: bool = False
    restarts: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SlotState:
    """One slot as it was seen."""

    slot: str
    release: str
    components: tuple[ComponentState, ...] = ()

    @property
    def ready(self) -> bool:
        """True when every component that should answer does."""
        return bool(self.components) and all(c.ready for c in self.components)


@dataclass(frozen=True, slots=True)
class EdgeStats:
    """What one edge component served in one slot since the proxy began to count.

    Counters only grow (a restart of the proxy may begin again at 0). `errors` are 5xx answers
    and connections that broke. `latency_ms` is a cumulative histogram: upper bound in
    milliseconds (`float("inf")` last) to count. `open_connections` are requests in flight,
    `draining` are upgraded connections that are allowed to end where they began.
    """

    component: str
    slot: str
    requests: int
    errors: int
    latency_ms: Mapping[float, int]
    open_connections: int = 0
    draining: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """What is really there in one target, at one moment.

    `weights` is the percentage per slot now in force at the edge (empty when nothing serves).
    `background` is the slot whose workers and schedules run or still end; None in the middle of a
    hand-over. `addresses` are the edge
    components' public addresses. `mark` is set by somebody who acted past the portal
    (`offline`); `marked_by`, `marked_at` (the target's own clock, UTC) and `mark_reason` tell whose act
    it was. The next `switch` takes the mark away. `held` says who of the target's people stops forward
    moves there, and how they said it; it ends when they take it away. `fence` is the highest that the
    target has seen.
    """

    region: str
    at: datetime
    fence: int
    slots: tuple[SlotState, ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)
    background: str | None = None
    edges: tuple[EdgeStats, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    marked_by: str = ""
    marked_at: datetime | None = None
    mark_reason: str = ""
    held: str = ""

    @property
    def act(self) -> str:
        """The mark with its person and time, which tell one act from the next; empty without a mark."""
        if not self.mark:
            return ""
        at = f" at {self.marked_at.isoformat()}" if self.marked_at else ""
        return f"{self.mark}{at}{f' by {self.marked_by}' if self.marked_by else ''}"[:200]

    def slot(self, name: str) -> SlotState | None:
        """The slot of that name, or None."""
        return next((s for s in self.slots if s.slot == name), None)


@dataclass(frozen=True, slots=True)
class Routing:
    """The wanted state of the edge and of the background work, whole.

    `weights` sum to 100 or are empty (nothing serves). `background` is the slot whose workers
    and schedules shall run; the target ends the former ones first (a job in hand is finished or
    given back) so that they never run twice. A client keeps its slot while that slot has weight
    above 0; at 0 its next request leaves, whatever its cookie.
    """

    weights: Mapping[str, int]
    background: str | None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a target says of itself and of a slot that it is asked to run later.

    `problems` are sentences; an empty tuple means that the slot could be started. `fingerprint` stands
    for what the target would make of it, where it can say so beforehand (Kubernetes).
    """

    data_class: str
    version: str
    problems: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One field of one object that a colour would have otherwise than the one that serves.

    `object` is its kind and component, `path` empty for a whole object that comes or goes.
    """

    object: str
    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Preview:
    """What a target would make of a slot, beside what serves there; `fingerprint` as in ProbeResult."""

    changes: tuple[ObjectChange, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Running:
    """What runs in a target for some components, started by somebody else.

    `artifacts` is the digest of each, `versions` what its makers call it. `problems` are sentences that say
    why something cannot be taken over as it is, and who can mend it.
    """

    artifacts: Mapping[str, str]
    versions: Mapping[str, str]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeOver:
    """What taking over would change, field by field; `notes` are sentences of what follows from it."""

    changes: tuple[ObjectChange, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Adopts(Protocol):
    """A target that can take over what runs there already; `named` says which workload a component is."""

    def running(self, components: Sequence[ComponentSpec], named: Mapping[str, str]) -> Running:
        """What runs for these components. Changes nothing; raises as `Platform` does."""
        ...

    def take_over(self, slot: SlotSpec, named: Mapping[str, str]) -> TakeOver:
        """What would change if it became that slot, as the target itself would make it. Changes nothing."""
        ...

    def adopt(self, fence: int, slot: SlotSpec, named: Mapping[str, str]) -> None:
        """Have it as that slot, with all traffic and background work; nothing is started anew.

        May be repeated, also after it was killed half-way. Raises as `Platform` does.
        """
        ...


class Specifies(Protocol):
    """A target that can say what a slot is made of, so that two environments can be compared."""

    def specification(self, slot: str) -> Mapping[str, Any]:
        """The slot's objects by kind and component, without what always differs. Changes nothing."""
        ...


class TellsWayBack(Protocol):
    """A target at which people find the way back of a run when nothing of the portal answers."""

    def tell_way_back(self, what: str, blue: str | None, green: str, commands: Sequence[str]) -> bool:
        """Have blue's exact weights and the commands there; False when it is too early for that."""
        ...


class Previews(Protocol):
    """A target that can say beforehand what it would make of a slot."""

    def preview(self, slot: SlotSpec) -> Preview:
        """Every difference to what serves. Changes nothing; raises as `Platform` does."""
        ...


class Resizes(Protocol):
    """A target whose components have sizes by the clock."""

    def resize(self, fence: int, now: datetime) -> Sequence[str]:
        """Have the size of that moment where traffic goes; the names of what was changed."""
        ...


@runtime_checkable
class Settles(Protocol):
    """A target that hears at once when something there has got ready."""

    def settle(self, slot: str, seconds: float) -> None:
        """Return as soon as that slot is ready, after so many seconds in any case. Changes nothing."""
        ...


class Platform(Protocol):
    """One target. Every method may raise PlatformUnavailable or PlatformRefused."""

    def probe(self, slot: SlotSpec) -> ProbeResult:
        """Can this target run that slot? Changes nothing."""
        ...

    def observe(self) -> Observation:
        """What is there now. Changes nothing."""
        ...

    def ensure(self, fence: int, slot: SlotSpec) -> None:
        """Have these components, no traffic and no background work yet; returns at once."""
        ...

    def run_job(self, fence: int, slot: SlotSpec, job: JobSpec) -> JobResult:
        """Start the job if its key is new, and tell where it stands; returns at once."""
        ...

    def switch(self, fence: int, routing: Routing) -> None:
        """Have this routing; the weights are in force when it returns.

        The background work may still be handed over then: `observe` tells which slot's runs.
        """
        ...

    def retire(self, fence: int, slot: str) -> None:
        """Have that slot gone; refused (`invalid`) while it has weight above 0.

        It goes once its requests in flight have ended, and is observed until then.
        """
        ...

    def lines(self, slot: str, after: Mapping[str, int]) -> Sequence[tuple[str, int, str]]:
        """New output of the slot's components: (component, position, line), bounded.

        `after` is the position already read per component; positions only grow.
        """
        ...
