"""What a colour served: requests, errors and a latency histogram, added up over counter restarts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Served:
    """Counts over some time. `latency` is cumulative: upper bound in ms (inf last) to count."""

    requests: int = 0
    errors: int = 0
    latency: Mapping[float, int] = field(default_factory=dict)

    def __add__(self, other: Served) -> Served:
        bounds = sorted({*self.latency, *other.latency})
        return Served(
            self.requests + other.requests,
            self.errors + other.errors,
            {b: within(self.latency, b) + within(other.latency, b) for b in bounds},
        )

    def since(self, earlier: Served) -> Served:
        """What came on top of `earlier`, which counted the same thing before."""
        return Served(
            max(0, self.requests - earlier.requests),
            max(0, self.errors - earlier.errors),
            {b: max(0, n - within(earlier.latency, b)) for b, n in self.latency.items()},
        )

    @property
    def error_rate(self) -> float:
        """Failed share of the requests, 0 to 1; 0 when there were none."""
        return self.errors / self.requests if self.requests else 0.0

    def slower_than(self, limit_ms: float) -> int:
        """How many surely took longer: those above the bucket that the limit lies in."""
        total = max(self.latency.values(), default=0)
        return total - within(self.latency, self.bound_of(limit_ms))

    def bound_of(self, limit_ms: float) -> float:
        """The upper bound of the bucket that holds this latency; finer the histogram cannot tell."""
        return min((b for b in self.latency if b >= limit_ms), default=math.inf)

    def quantile(self, share: float) -> float | None:
        """The latency in ms that this share of the requests stays within; None without any.

        Above the last finite bound nothing more exact is known than that bound.
        """
        total = max(self.latency.values(), default=0)
        if not total:
            return None
        wanted, lower, below = share * total, 0.0, 0
        for bound in sorted(self.latency):
            count = self.latency[bound]
            if count >= wanted and count > below:
                if math.isinf(bound):
                    return lower
                return lower + (bound - lower) * (wanted - below) / (count - below)
            lower, below = (bound, count) if not math.isinf(bound) else (lower, below)
        return lower

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; the last bound reads "inf"."""
        latency = {f"{b:g}": n for b, n in sorted(self.latency.items())}
        return {"requests": self.requests, "errors": self.errors, "latency": latency}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Served:
        """The inverse of `as_json`."""
        latency = {float(b): int(n) for b, n in (value.get("latency") or {}).items()}
        return cls(int(value.get("requests", 0)), int(value.get("errors", 0)), latency)


def grown(total: Served, before: Served, now: Served) -> Served:
    """`total` plus what a raw counter showed since `before`.

    A counter that went down began again at 0 in between, so all that it shows is new.
    """
    if now.requests < before.requests or now.errors < before.errors:
        return total + now
    return total + now.since(before)


def within(latency: Mapping[float, int], bound: float) -> int:
    """The count at a bound that this histogram may not have: the nearest one below it."""
    if bound in latency:
        return latency[bound]
    return max((n for b, n in latency.items() if b < bound), default=0)
