"""Exact one-sided tests on counts: no normal approximation, so that small numbers tell the truth.

Rates of errors are compared by counts because means of sparse errors say nothing: against a clean
baseline every estimate of "how many times worse" is infinite, while 7 of 500 against 0 of 9,500 is
as good as certain.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def more_than_rate(hits: int, trials: int, rate: float) -> float:
    """Probability of at least `hits` in `trials` when each one hits with `rate` (binomial tail)."""
    if hits <= 0:
        return 1.0
    if trials <= 0 or rate >= 1.0:
        return 1.0
    if rate <= 0.0:
        return 0.0
    return _sum_tail(lambda k: _log_binomial(k, trials, rate), hits, trials)


def more_than_other(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Probability of a split as uneven as this, or more so, if both had one rate (Fisher, one-sided)."""
    total, drawn = hits + other_hits, trials
    if hits <= 0 or trials <= 0 or other_trials <= 0:
        return 1.0
    whole = _log_choose(trials + other_trials, drawn)

    def log_chance(k: int) -> float:
        rest = trials + other_trials - total
        return _log_choose(total, k) + _log_choose(rest, drawn - k) - whole

    return _sum_tail(log_chance, hits, min(total, drawn))


def _sum_tail(log_chance: Callable[[int], float], first: int, last: int) -> float:
    """Sum of exp(log_chance(k)) from `first` to `last`, stopped where the rest cannot matter."""
    total, peak_passed, previous = 0.0, False, -math.inf
    for k in range(first, last + 1):
        log_value = log_chance(k)
        term = math.exp(log_value)
        total += term
        peak_passed = peak_passed or log_value < previous
        if peak_passed and term < total * 1e-12:
            break
        previous = log_value
    return min(1.0, total)


def _log_binomial(k: int, n: int, rate: float) -> float:
    return _log_choose(n, k) + k * math.log(rate) + (n - k) * math.log1p(-rate)


def _log_choose(n: int, k: int) -> float:
    if k < 0 or k > n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
