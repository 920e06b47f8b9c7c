"""A release from draft to completed, and back, by the engine on a real API server under our Role."""

from __future__ import annotations

import pytest

from deployments import queries as deployments
from deployments.services import steer
from deployments.states import RunState
from releases.states import ReleaseState
from tests.cast import actor
from tests.cluster.platform import ClusterPlatform

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_release_goes_to_green_in_two_regions_and_the_old_colour_goes(cluster: ClusterPlatform) -> None:
    cluster.load()
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first)
    second = cluster.ship("2026.11.0", "b")
    cluster.look_until(cluster.step(second, "shift", 50))
    green = cluster.run(second)
    assert cluster.weights() in ({blue.slot: 75, green.slot: 25}, {blue.slot: 50, green.slot: 50})
    cluster.until(second, ReleaseState.COMPLETED)
    for region in ("us-east", "eu-central"):
        assert cluster.weights(region) == {green.slot: 100}
        space = cluster.namespaces["production", region]
        cluster.look_until(lambda: all(green.slot in name for name in space.names("apps/v1/deployments")))  # noqa: B023
    (live, _) = deployments.live_where(green.environment)
    assert live.release == "2026.11.0"
    lines = green.lines.filter(kind="log", source="records/smoke")
    assert "done" in {text for line in lines for text in (line.text,)}


def test_bad_release_comes_back_by_itself(cluster: ClusterPlatform) -> None:
    cluster.load()
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first)
    second = cluster.ship("2026.11.0", "b")
    cluster.prometheus.failing.add(cluster.run(second).slot)
    cluster.until(second, ReleaseState.ROLLED_BACK)
    assert cluster.weights() == {blue.slot: 100}
    assert "requests failed" in cluster.run(second).sentence


def test_person_sends_it_back_in_the_middle_of_the_shift(cluster: ClusterPlatform) -> None:
    cluster.load({"bake_seconds": 600})
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.MONITORING)
    first = cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first)
    second = cluster.ship("2026.11.0", "b")
    green = cluster.run(second).slot
    cluster.look_until(lambda: cluster.weights().get(green) == 25)
    steer.abort(cluster.run(second).pk, actor=actor("devon"), reason="Wrong figures")
    cluster.look_until(lambda: cluster.run(second).run_state == RunState.ROLLED_BACK)
    assert cluster.weights() == {blue.slot: 100}
