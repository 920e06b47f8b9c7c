"""The judge: what counts as bad, as good, and as too little to say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.analysis import Evidence, Outcome, Served, grown, judge
from deployments.analysis.exact import more_than_other, more_than_rate
from deployments.plan.making import limits_of
from deployments.services import judging
from deployments.states import StepState
from tests.deployments.test_decide import BLUE, GREEN, START, simulation

LIMITS = limits_of({"minimum_requests": 50, "error_percent": 1.0, "p95_ms": 400})
BOUNDS = (50.0, 100.0, 200.0, 400.0, 800.0, float("inf"))


def served(requests: int, errors: int = 0, ms: float = 20.0) -> Served:
    return Served(requests, errors, {b: requests if ms <= b else 0 for b in BOUNDS})


def verdict(green: Served, blue: Served, *, final: bool = True) -> Outcome:
    evidence = Evidence(green, blue, green_whole=green, blue_whole=blue)
    return judge(evidence, LIMITS, final=final).outcome


def test_exact_tests_agree_with_known_figures() -> None:
    assert more_than_other(7, 500, 0, 9500) == pytest.approx(7.2e-10, rel=0.1)
    assert more_than_other(1, 20, 0, 380) == pytest.approx(0.05)
    assert more_than_rate(4, 50, 0.01) == pytest.approx(0.0016, rel=0.05)


def test_green_like_blue_passes() -> None:
    assert verdict(served(500, 1), served(4500, 9)) == Outcome.PASS


def test_eight_percent_failures_fail() -> None:
    assert verdict(served(60, 5), served(540)) == Outcome.FAIL


def test_one_percent_sparse_errors_against_a_clean_blue_fail_once_significant() -> None:
    assert verdict(served(100, 1), served(900)) == Outcome.PASS
    assert verdict(served(700, 7), served(6300)) == Outcome.FAIL
    assert verdict(served(1200, 12), served(1200), final=False) == Outcome.FAIL


def test_one_sporadic_error_is_no_failure() -> None:
    assert verdict(served(1000, 1), served(1000)) == Outcome.PASS


def test_below_the_floor_is_inconclusive_and_never_a_pass() -> None:
    assert verdict(served(49), served(500)) == Outcome.INCONCLUSIVE
    assert verdict(served(0), served(0)) == Outcome.INCONCLUSIVE


def test_certain_failure_counts_below_the_floor_too() -> None:
    assert verdict(served(30, 30), served(500)) == Outcome.FAIL


def test_errors_of_both_colours_are_not_blamed_on_green() -> None:
    assert verdict(served(500, 40), served(4500, 360)) == Outcome.INCONCLUSIVE


def test_slow_green_fails_by_limit_and_by_ratio() -> None:
    assert verdict(served(200, ms=500), served(1800)) == Outcome.FAIL
    assert verdict(served(200, ms=300), served(1800, ms=90)) == Outcome.FAIL


def test_a_ratio_of_tiny_latencies_says_nothing() -> None:
    assert verdict(served(200, ms=90), served(1800, ms=10)) == Outcome.PASS


def test_a_few_slow_requests_below_a_twentieth_pass() -> None:
    green = Served(1000, 0, {100.0: 960, 400.0: 960, 800.0: 1000, float("inf"): 1000})
    assert verdict(green, served(1000)) == Outcome.PASS


def test_without_a_baseline_only_the_limits_count() -> None:
    found = judge(Evidence(served(100, 0)), LIMITS, final=True)
    assert (found.outcome, len(found.rows)) == (Outcome.PASS, 2)


def test_a_bad_part_is_not_hidden_by_a_busy_neighbour() -> None:
    parts = {"web": (served(20_000), served(20_000)), "video": (served(60, 20), served(60))}
    green, blue = served(20_060, 20), served(20_060)
    found = judge(Evidence(green, blue, green, blue, parts), LIMITS, final=False)
    assert found.outcome == Outcome.FAIL


def test_a_look_before_the_end_asks_for_stronger_evidence() -> None:
    assert verdict(served(50, 4), served(150), final=False) != Outcome.FAIL
    assert verdict(served(50, 4), served(150), final=True) == Outcome.FAIL


def test_counters_that_began_again_lose_nothing() -> None:
    total, before = Served(), Served()
    for now in (served(100, 1), served(150, 2), served(30, 1), served(80, 1)):
        total, before = grown(total, before, now), now
    assert (total.requests, total.errors, total.latency[50.0]) == (230, 3, 230)


counts = st.integers(0, 2000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(counts, counts)
def test_probabilities_are_probabilities(green: tuple[int, int], blue: tuple[int, int]) -> None:
    assert 0.0 <= more_than_other(green[1], green[0], blue[1], blue[0]) <= 1.0
    assert 0.0 <= more_than_rate(green[1], green[0], 0.01) <= 1.0


@given(counts, counts, st.booleans())
def test_more_errors_never_turn_a_failure_into_a_pass(
    green: tuple[int, int], blue: tuple[int, int], final: bool
) -> None:
    requests, errors = green
    if verdict(served(requests, errors), served(*blue), final=final) == Outcome.FAIL and errors < requests:
        assert verdict(served(requests, errors + 1), served(*blue), final=final) == Outcome.FAIL


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=20))
def test_quantiles_stay_within_what_was_measured(parts: list[tuple[int, int]]) -> None:
    total = sum((served(fast) + served(slow, ms=700) for fast, slow in parts), Served())
    value = total.quantile(0.95)
    assert (value is None) == (total.requests == 0)
    assert value is None or 0 < value <= 800


def test_quiet_region_that_waits_its_turn_is_judged_since_its_last_weight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = simulation(order="interleaved", weights=[10, 100])
    done = next(s for s in world.steps if s.kind == "shift" and s.region == "us-east")
    world.steps = tuple(
        replace(s, state=StepState.DONE, data={"from": START.isoformat(), "served": {}}) if s is done else s
        for s in world.steps
    )
    world.weights["us-east"] = {BLUE: 90, GREEN: 10}
    parts = {GREEN: {"web": served(60)}, BLUE: {"web": served(600)}}
    seen = {"us-east": world._observation("us-east")}

    def judged(recently: dict[str, Served]) -> Outcome:
        monkeypatch.setattr(judging.tallies, "before", lambda *_: recently)
        return judging.verdicts(None, world.run(), seen, {}, {"us-east": parts}, START)["us-east"].outcome  # type: ignore[arg-type]

    assert judged({GREEN: served(60), BLUE: served(600)}) == Outcome.PASS  # nobody came in the last minute
    parts[GREEN]["web"] = served(120, errors=60)
    assert judged({GREEN: served(60), BLUE: served(600)}) == Outcome.FAIL  # whoever came met errors
