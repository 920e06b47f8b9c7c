"""A release from draft to completed, and back, by the engine on a real API server under our Role."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from deployments import queries as deployments
from deployments.models import Target, TargetView
from deployments.services import drifting, observing, steer
from deployments.states import RunState
from events import clock
from releases.queries.moments import readiness
from releases.services import previewing
from releases.states import ReleaseState
from tests.accounts.fixtures import Door
from tests.cast import actor
from tests.cluster.platform import COMPONENTS, ClusterPlatform
from tests.cluster.standins import Standins
from tests.pages.look import look

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
    cluster.staged = cluster.smoked = False
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
    cluster.staged = cluster.smoked = False
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


def test_signers_see_what_the_api_server_would_change(cluster: ClusterPlatform) -> None:
    cluster.staged = cluster.smoked = False
    cluster.load()
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    second = cluster.in_review("2026.11.0", "b")
    event = previewing.take(second.pk)
    assert event is not None
    assert event.data["gate"] == second.gate_id
    told = event.data["regions"]["us-east"]
    images = {c["object"]: c["after"] for c in told["changes"] if c["path"].endswith(".image")}
    assert images["Deployment web"] == f"registry.example/hmhp/web@sha256:{'b' * 64}"
    assert not any(
        word in change["path"] for change in told["changes"] for word in ("status", "replicas", "uid")
    )
    again = previewing.take(second.pk)
    assert again is not None
    assert again.data["regions"]["us-east"]["fingerprint"] == told["fingerprint"]


def test_digest_that_drifts_is_told_and_blocks_the_next_start(
    cluster: ClusterPlatform, standins: Standins
) -> None:
    cluster.smoked = False
    cluster.load()
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    second = cluster.in_review("2026.11.0", "b")
    standins.digests["records"] = "sha256:" + "e" * 64
    space = cluster.namespaces["production", "us-east"]
    cluster.prometheus.visit(space.name)
    pods = f"/api/v1/namespaces/{space.name}/pods?labelSelector=release.hmhp.example/component=records"
    space.plane.call("DELETE", pods)

    def drifted() -> bool:
        TargetView.objects.update(tried_at=clock.now() - timedelta(minutes=1))
        observing.observe_idle()
        return drifting.check() > 0

    cluster.look_until(drifted)
    (fact,) = [fact for fact in readiness(second, "start").facts if fact.name == "drift"]
    assert fact.blocks
    assert "of records" in fact.sentence


def test_region_whose_server_is_gone_holds_nobody_else_back_on_a_return(cluster: ClusterPlatform) -> None:
    cluster.staged = cluster.smoked = False
    cluster.load({"bake_seconds": [1, 600, 600], "order": "interleaved"})
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first)
    second = cluster.ship("2026.11.0", "b")
    green = cluster.run(second).slot
    cluster.look_until(lambda: cluster.weights("eu-central").get(green) == 25)
    target = Target.objects.get(environment__name="production", region__name="eu-central")
    known, target.settings = target.settings, {**target.settings, "kubeconfig": cluster.dead_kubeconfig()}
    target.save()
    steer.abort(cluster.run(second).pk, actor=actor("devon"), reason="Wrong figures")
    cluster.look_until(lambda: cluster.weights() == {blue.slot: 100})
    run = cluster.run(second)
    assert run.run_state == RunState.ROLLING_BACK
    assert "eu-central is not back" in run.sentence
    target.settings = known
    target.save()
    cluster.look_until(lambda: cluster.run(second).run_state == RunState.ROLLED_BACK)
    assert cluster.weights("eu-central") == {blue.slot: 100}


def test_drift_report_sets_staging_and_production_side_by_side(
    cluster: ClusterPlatform, logged_in: Door
) -> None:
    own = {"staging": {"environment": {"LOG_LEVEL": "debug"}}}
    web, *others = COMPONENTS
    manifest = {**web["manifest"], "kubernetes": {"environment": {"LOG_LEVEL": "info"}, "environments": own}}
    cluster.smoked = False
    cluster.load({"monitoring_seconds": 1}, components=[{**web, "manifest": manifest}, *others])
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    out = StringIO()
    call_command("drift_report", stdout=out)
    told = out.getvalue()
    assert "- staging in us-east (2026.10.0)\n+ production in eu-central (2026.10.0)" in told
    assert "ConfigMap web\n    - data.LOG_LEVEL: debug\n    + data.LOG_LEVEL: info" in told
    assert "Deployment" not in told
    seen = look(logged_in("rita"), "/environments/drift/")
    assert "ConfigMap web data.LOG_LEVEL debug info" in seen.words
    seen.demand_clean()
