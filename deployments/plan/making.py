"""From an environment's strategy to the frozen plan of one run.

In comes what the platform file says, out goes plain JSON with every choice spelled out, so that the
seal over it covers what will happen and a file loaded later changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT_LIMITS: dict[str, float | int] = {
    "error_percent": 1.0,
    "error_ratio": 2.0,
    "p95_ms": 800,
    "p95_ratio": 1.5,
    "minimum_requests": 50,
}
DEFAULTS: dict[str, Any] = {
    "kind": "switch",
    "order": "by_region",
    "weights": [10, 50, 100],
    "bake_seconds": 600,
    "hold_limit_seconds": 1800,
    "decide_by_seconds": 3600,
    "on_window_end": "finish",
    "on_freeze": "hold",
    "auto_start": False,
    "rehearse": False,
    "monitoring_seconds": 172_800,
    "job_timeout_seconds": 300,
    "ready_timeout_seconds": 120,
    "contract": True,
}
"""What a strategy that says nothing means. Monitoring 48 h: strategy, "Post-Deployment" 5."""


def make_plan(
    strategy: Mapping[str, Any],
    regions: Sequence[str],
    *,
    first: bool,
    irreversible: bool,
) -> dict[str, Any]:
    """The plan of a deploy run in these regions, in this order.

    `first`: nothing serves there yet, so there is no shift, no baseline and the way back is to take
    it down. `irreversible`: a migration cannot be undone, so nothing returns by itself after it.
    Raises ValueError with a sentence when the strategy cannot be meant.
    """
    merged = {**DEFAULTS, **{key: value for key, value in strategy.items() if value is not None}}
    given = _weights(merged["weights"])
    shifting = merged["kind"] == "blue_green"
    weights = given if shifting else [100]
    if not regions or len(set(regions)) != len(regions):
        raise ValueError("A plan needs at least one region and each region once.")
    if merged["decide_by_seconds"] < merged["hold_limit_seconds"]:
        raise ValueError("decide_by_seconds must not be shorter than hold_limit_seconds.")
    return {
        **{key: merged[key] for key in DEFAULTS if key not in ("weights", "bake_seconds")},
        "regions": list(regions),
        "weights": weights,
        "bake_seconds": _bake(merged["bake_seconds"], len(weights)) if shifting else [0],
        "rehearse_weights": given if merged["rehearse"] and not shifting else [],
        "limits": limits_of(merged.get("limits") or {}),
        "retain_seconds": max(int(merged.get("retain_seconds") or 0), int(merged["monitoring_seconds"])),
        "first": first,
        "irreversible": irreversible,
    }


def retire_plan(plan: Mapping[str, Any], *, contract: bool) -> dict[str, Any]:
    """The plan of the run that takes a colour of that plan's run down, with or without contract."""
    return {
        "kind": "retire",
        "regions": list(plan["regions"]),
        "contract": contract,
        "job_timeout_seconds": plan["job_timeout_seconds"],
    }


def limits_of(given: Mapping[str, Any]) -> dict[str, float | int]:
    """The limits with their defaults. A ratio says nothing while latency stays below a quarter of
    its own limit: from 2 ms to 4 ms is noise, not harm."""
    limits = {**DEFAULT_LIMITS, **given}
    return {**limits, "p95_ratio_from_ms": limits.get("p95_ratio_from_ms", limits["p95_ms"] / 4)}


def _weights(given: Sequence[int]) -> list[int]:
    weights = [int(weight) for weight in given]
    if not weights or weights[-1] != 100 or weights[0] < 1 or sorted(set(weights)) != weights:
        raise ValueError("weights must rise from at least 1 and end at 100.")
    return weights


def _bake(given: int | Sequence[int], count: int) -> list[int]:
    """One bake time a weight; a single number stands for all of them."""
    times = [int(given)] * count if isinstance(given, int | float) else [int(value) for value in given]
    if len(times) != count or min(times) < 0:
        raise ValueError("bake_seconds must be one number, or one for each weight, none below 0.")
    return times
