"""The judge: errors and latency of green against limits and against blue.

Comes in: what both colours served while green was watched (and since its first weight), and the
plan's limits. Goes out: a verdict with one row a limit. Only `pass` moves traffic on; `inconclusive`
holds; `error` means that it could not be measured, which is never taken for good.

Many looks at one bake would find a false alarm sooner or later, so a look before its end asks for
stronger evidence (1 in 1,000) than the one at its end (1 in 100). A failure that is certain in this
sense counts below the floor of requests too; nothing passes below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from deployments.analysis import exact
from deployments.analysis.served import Served

ALPHA_EARLY = 0.001
ALPHA_FINAL = 0.01
P95 = 0.95


class Outcome(StrEnum):
    """What the judge says."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Row:
    """One limit: green's figure, blue's, what is allowed and how much of it is used (percent)."""

    name: str
    unit: str
    green: float | None
    blue: float | None
    allowed: float
    used_percent: float | None
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one region at one moment; `requests` are green's in the watched time."""

    outcome: Outcome
    sentence: str
    rows: tuple[Row, ...] = ()
    requests: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain JSON for the run's row, the page and the API."""
        rows = [{**asdict(row), "outcome": row.outcome.value} for row in self.rows]
        return {
            "verdict": self.outcome.value,
            "sentence": self.sentence,
            "requests": self.requests,
            "rows": rows,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the judge looks at.

    `green` and `blue` served in the watched time; the `whole` ones since the run's first look, for
    sparse errors and for the time when blue serves nothing any more. `blue_whole` is None where
    there is no baseline (a first deployment). `parts` are the same by edge component.
    """

    green: Served
    blue: Served = field(default_factory=Served)
    green_whole: Served = field(default_factory=Served)
    blue_whole: Served | None = None
    parts: Mapping[str, tuple[Served, Served]] = field(default_factory=dict)


def unmeasured(why: str) -> Verdict:
    """The verdict when there is nothing to look at."""
    return Verdict(Outcome.ERROR, why)


def judge(seen: Evidence, limits: Mapping[str, float], *, final: bool) -> Verdict:
    """The verdict over this evidence; `final` at the end of a bake, else a look before it."""
    alpha = ALPHA_FINAL if final else ALPHA_EARLY
    rows = [_errors(seen, limits, alpha), _latency(seen.green, None, limits["p95_ms"], alpha)]
    if seen.blue_whole is not None:
        baseline = seen.blue if seen.blue.requests >= limits["minimum_requests"] else seen.blue_whole
        rows.append(_errors_against(seen, limits["error_ratio"], alpha))
        rows.append(_latency_against(seen.green, baseline, limits, alpha))
    rows += _bad_parts(seen, limits)
    return _summed_up(rows, seen.green.requests, int(limits["minimum_requests"]))


def _summed_up(rows: list[Row], requests: int, floor: int) -> Verdict:
    worst = {row.outcome: row for row in reversed(rows)}
    if bad := worst.get(Outcome.FAIL):
        return Verdict(Outcome.FAIL, bad.sentence, tuple(rows), requests)
    if requests < floor:
        text = f"Only {requests} of the {floor} requests that a verdict needs have been served by green."
        return Verdict(Outcome.INCONCLUSIVE, text, tuple(rows), requests)
    if unclear := worst.get(Outcome.INCONCLUSIVE):
        return Verdict(Outcome.INCONCLUSIVE, unclear.sentence, tuple(rows), requests)
    return Verdict(Outcome.PASS, f"Within every limit over {requests} requests.", tuple(rows), requests)


def _errors(seen: Evidence, limits: Mapping[str, float], alpha: float) -> Row:
    """Green's share of failed requests against the limit alone."""
    green, limit = seen.green, limits["error_percent"]
    percent = green.error_rate * 100
    counted = f"{green.errors} of {green.requests} requests failed ({percent:.2g} %); {limit:g} % are allowed"
    outcome, text = Outcome.PASS, f"{counted}."
    if exact.more_than_rate(green.errors, green.requests, limit / 100) < alpha:
        outcome = Outcome.FAIL
        if _blue_as_bad(seen, limits, alpha):
            outcome = Outcome.INCONCLUSIVE
            text = f"{counted}, but blue fails as often: something outside this release is wrong."
    elif percent > limit:
        outcome, text = Outcome.INCONCLUSIVE, f"{counted}; too few to be sure."
    return Row("errors", "%", percent, _percent(seen.blue), limit, _used(percent, limit), outcome, text)


def _blue_as_bad(seen: Evidence, limits: Mapping[str, float], alpha: float) -> bool:
    """Do both colours break the limit at the same time, green no worse than blue?"""
    blue = seen.blue
    if blue.requests < limits["minimum_requests"]:
        return False
    sure = exact.more_than_rate(blue.errors, blue.requests, limits["error_percent"] / 100) < alpha
    return sure and not _worse(seen.green, blue, limits["error_ratio"], alpha)


def _worse(green: Served, blue: Served, ratio: float, alpha: float) -> bool:
    """Surely more errors than blue, and by more than the ratio (any ratio above a clean blue)."""
    if green.error_rate <= ratio * blue.error_rate:
        return False
    return exact.more_than_other(green.errors, green.requests, blue.errors, blue.requests) < alpha


def _errors_against(seen: Evidence, ratio: float, alpha: float) -> Row:
    """Green's errors against blue's: in the watched time, and since the first weight."""
    green, blue = seen.green_whole, seen.blue_whole or Served()
    allowed = ratio * blue.error_rate * 100
    percent = green.error_rate * 100
    text = (
        f"{green.errors} of {green.requests} requests failed on green, "
        f"{blue.errors} of {blue.requests} on blue; {ratio:g} times as often is allowed."
    )
    outcome = Outcome.PASS
    if not blue.requests:
        outcome, text = Outcome.INCONCLUSIVE, "Blue has served nothing yet to compare green with."
    elif _worse(green, blue, ratio, alpha) or _worse(seen.green, seen.blue, ratio, alpha):
        outcome = Outcome.FAIL
    return Row(
        "errors against blue", "%", percent, _percent(blue), allowed, _used(percent, allowed), outcome, text
    )


def _latency(green: Served, blue: Served | None, limit: float, alpha: float) -> Row:
    """Green's 95th percentile against a limit: is more than a twentieth surely slower than that?"""
    value, against = green.quantile(P95), blue.quantile(P95) if blue else None
    name = "p95" if blue is None else "p95 against blue"
    if value is None:
        text = "Green has served no request whose latency was measured."
        return Row(name, "ms", None, against, limit, None, Outcome.INCONCLUSIVE, text)
    slow = green.slower_than(limit)
    measured = max(green.latency.values())
    text = f"The 95th percentile is {value:.0f} ms; {limit:.0f} ms are allowed"
    text += "." if against is None else f" (blue: {against:.0f} ms)."
    outcome = Outcome.PASS
    if exact.more_than_rate(slow, measured, 1 - P95) < alpha:
        outcome = Outcome.FAIL
    elif value > green.bound_of(limit):
        outcome, text = Outcome.INCONCLUSIVE, f"{text[:-1]}; too few to be sure."
    return Row(name, "ms", value, against, limit, _used(value, limit), outcome, text)


def _latency_against(green: Served, blue: Served, limits: Mapping[str, float], alpha: float) -> Row:
    """The same against a multiple of blue's, where latency is large enough for a ratio to mean harm."""
    theirs = blue.quantile(P95)
    if theirs is None:
        text = "Blue has served nothing yet to compare green's latency with."
        value = green.quantile(P95)
        return Row("p95 against blue", "ms", value, None, 0.0, None, Outcome.INCONCLUSIVE, text)
    return _latency(green, blue, max(limits["p95_ratio"] * theirs, limits["p95_ratio_from_ms"]), alpha)


def _bad_parts(seen: Evidence, limits: Mapping[str, float]) -> list[Row]:
    """Edge components that surely fail by themselves, which a busy neighbour would hide."""
    if len(seen.parts) < 2:
        return []
    rows, limit = [], limits["error_percent"]
    for name, (green, blue) in sorted(seen.parts.items()):
        over = exact.more_than_rate(green.errors, green.requests, limit / 100) < ALPHA_EARLY
        as_bad = blue.requests > 0 and not _worse(green, blue, limits["error_ratio"], ALPHA_EARLY)
        if over and not as_bad:
            percent = green.error_rate * 100
            text = f"{name}: {green.errors} of {green.requests} requests failed; {limit:g} % are allowed."
            used = _used(percent, limit)
            rows.append(
                Row(f"errors of {name}", "%", percent, _percent(blue), limit, used, Outcome.FAIL, text)
            )
    return rows


def _percent(served: Served) -> float | None:
    return served.error_rate * 100 if served.requests else None


def _used(value: float, allowed: float) -> float | None:
    """How much of the allowance is used, in percent; None where nothing is allowed."""
    return value / allowed * 100 if allowed else (0.0 if not value else None)
