"""A plan as sentences, for people who must agree to it before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sentences(plan: Mapping[str, Any]) -> list[str]:
    """What the plan does, how it is watched, and what the way back is."""
    if plan["kind"] == "retire":
        return [_retire(plan)]
    return [*_forward(plan), *_watched(plan), *_back(plan), *_choices(plan)]


def duration(seconds: float) -> str:
    """Seconds as people say them: "90 s", "10 min", "48 h"."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min" if not rest else f"{minutes} min {rest} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h" if rest < 60 else f"{hours} h {rest // 60} min"


def soon(seconds: float, most: float) -> float:
    """When to look again at something that has lasted so long: often at first, then every `most` seconds."""
    return min(most, max(0.2, seconds / 4))


def joined(names: list[str]) -> str:
    """Names as a list in a sentence: "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def number(value: float) -> str:
    """A figure without needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _retire(plan: Mapping[str, Any]) -> str:
    after = ", then the database is contracted" if plan["contract"] else ""
    return f"The old colour is taken down in {joined(plan['regions'])}{after}."


def _forward(plan: Mapping[str, Any]) -> list[str]:
    places = joined(plan["regions"])
    if plan["first"]:
        return [
            f"Nothing serves in {places} yet: all traffic goes to the new colour at once, without a shift."
        ]
    if plan["kind"] == "switch":
        lines = [
            f"The new colour is made ready beside the old one and takes all traffic at once in {places}."
        ]
        return [*lines, "The shift and the way back are rehearsed."] if plan["rehearse_weights"] else lines
    weights = joined([f"{weight} %" for weight in plan["weights"]])
    order = (
        f"region by region: {', then '.join(plan['regions'])}"
        if plan["order"] == "by_region"
        else f"each weight in {places} before the next"
    )
    return [
        f"Traffic moves to green by {weights}, {order}."
        if len(plan["regions"]) > 1
        else f"Traffic moves to green by {weights} in {places}."
    ]


def _watched(plan: Mapping[str, Any]) -> list[str]:
    if plan["kind"] == "switch":
        return []
    limits = plan["limits"]
    errors, latency = number(limits["error_percent"]), number(limits["p95_ms"])
    own = f"at most {errors} % errors and {latency} ms at the 95th percentile"
    lasts = duration(plan["monitoring_seconds"])
    monitored = f"Heightened monitoring lasts {lasts}; the old colour stays up at full size."
    if plan["first"]:
        return [f"Limits without a baseline: {own}.", monitored]
    times = sorted(set(plan["bake_seconds"]))
    bake = duration(times[0]) if len(times) == 1 else f"{duration(times[0])} to {duration(times[-1])}"
    against = (
        f"not worse than blue by more than {number(limits['error_ratio'])} times in errors"
        f" or {number(limits['p95_ratio'])} times in latency"
    )
    floor = (
        f"Below {limits['minimum_requests']} requests a weight is inconclusive and holds; after "
        f"{duration(plan['hold_limit_seconds'])} the DevOps Engineer is called, after "
        f"{duration(plan['decide_by_seconds'])} traffic goes back."
    )
    return [f"Each weight is watched for {bake}: {own}, and {against}.", floor, monitored]


def _back(plan: Mapping[str, Any]) -> list[str]:
    if plan["irreversible"]:
        return [
            "A migration cannot be undone: nothing goes back by itself after it; an abort holds where it is."
        ]
    if plan["first"]:
        return ["The way back is to take it down."]
    if plan["kind"] == "switch":
        return ["A failed check switches back at once."]
    return ["A failed limit, or one person, sends all traffic back to blue at once."]


def _choices(plan: Mapping[str, Any]) -> list[str]:
    if plan["kind"] == "switch":
        return []
    words = {"finish": "goes on to its end", "hold": "holds", "return": "goes back"}
    lines = [
        f"If the window ends in the middle, it {words[plan['on_window_end']]}; "
        f"if a freeze begins, it {words[plan['on_freeze']]}."
    ]
    if plan["auto_start"]:
        lines.append(
            "It starts by itself when the window opens, if somebody has said that they are watching."
        )
    return lines
