"""What the proxy counts: requests, errors and latency per edge component and slot.

Called per request by `forward.py` and `tunnel.py`; read by the agent over the control channel and
by Prometheus as text (exposition format 0.0.4). Latency is the time until the head of the answer.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from platforms.base import EdgeStats

# fmt: off
BOUNDS = (
    1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100, 125, 150, 200, 250, 300, 350, 400, 450, 500, 600, 800,
    1000, 1500, 2000, 3000, 5000, 10000, math.inf,
)
# fmt: on
"""Upper bounds in milliseconds; fine where limits usually lie."""


@dataclass(slots=True)
class Count:
    """Counters of one component in one slot. A broken answer is an error of the slot; a client
    that goes away is not."""

    requests: int = 0
    errors: int = 0
    total_ms: float = 0.0
    open_connections: int = 0
    upgraded: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))

    def answered(self, status: int, milliseconds: float) -> None:
        """An answer's head has come (or the proxy answered 5xx in the slot's place)."""
        self.requests += 1
        self.errors += status >= 500
        self.total_ms += milliseconds
        self.buckets[bisect_left(BOUNDS, milliseconds)] += 1

    def broke(self, status: int) -> None:
        """An answer broke off after its head; a 5xx was counted already."""
        self.errors += status < 500

    def cumulative(self) -> dict[float, int]:
        """Upper bound to how many answers were at most as slow."""
        sums: dict[float, int] = {}
        total = 0
        for bound, number in zip(BOUNDS, self.buckets, strict=True):
            total += number
            sums[bound] = total
        return sums


class Counters:
    """All counters of one proxy since it started."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Count] = {}

    def of(self, component: str, slot: str) -> Count:
        """The counters of that component in that slot, made when first asked for."""
        key = (component, slot)
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = Count()
        return found

    def keep_only(self, slots: Iterable[str]) -> None:
        """Forget slots that are gone, once nothing of theirs is open."""
        kept = set(slots)
        for key, count in list(self._counts.items()):
            if key[1] not in kept and not count.open_connections:
                del self._counts[key]

    def edges(self, weights: Mapping[str, int]) -> list[EdgeStats]:
        """For the agent: as base.py names them."""
        return [
            EdgeStats(
                component=component,
                slot=slot,
                requests=count.requests,
                errors=count.errors,
                latency_ms=count.cumulative(),
                open_connections=count.open_connections,
                draining=0 if weights.get(slot) else count.upgraded,
            )
            for (component, slot), count in self._counts.items()
        ]

    def prometheus(self, labels: Mapping[str, str], weights: Mapping[str, int]) -> str:
        """The same for Prometheus; `labels` (environment, region) go onto every series."""
        families: dict[str, tuple[str, list[str]]] = {
            "hmhp_edge_requests_total": ("counter", []),
            "hmhp_edge_errors_total": ("counter", []),
            "hmhp_edge_open_connections": ("gauge", []),
            "hmhp_edge_latency_milliseconds": ("histogram", []),
            "hmhp_edge_weight_percent": ("gauge", []),
        }

        def add(family: str, suffix: str, value: float, **more: str) -> None:
            named = ",".join(f'{key}="{_escape(text)}"' for key, text in {**labels, **more}.items())
            families[family][1].append(f"{family}{suffix}{{{named}}} {value:g}")

        for (component, slot), count in self._counts.items():
            at = {"component": component, "slot": slot}
            add("hmhp_edge_requests_total", "", count.requests, **at)
            add("hmhp_edge_errors_total", "", count.errors, **at)
            add("hmhp_edge_open_connections", "", count.open_connections, **at)
            for bound, number in count.cumulative().items():
                le = "+Inf" if math.isinf(bound) else f"{bound:g}"
                add("hmhp_edge_latency_milliseconds", "_bucket", number, **at, le=le)
            add("hmhp_edge_latency_milliseconds", "_sum", count.total_ms, **at)
            add("hmhp_edge_latency_milliseconds", "_count", count.requests, **at)
        for slot, weight in weights.items():
            add("hmhp_edge_weight_percent", "", weight, slot=slot)
        lines = [line for name, (kind, rows) in families.items() for line in (f"# TYPE {name} {kind}", *rows)]
        return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
