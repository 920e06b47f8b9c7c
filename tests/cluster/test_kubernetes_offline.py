"""A run on clusters is sent back without the portal: by the command and its file, or with kubectl alone."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from deployments.services import way_back
from deployments.states import RunState
from hmhp_portal.launcher import offline
from platforms.base import PlatformRefused, Routing
from platforms.kubernetes import names
from releases.states import ReleaseState
from tests.cluster.conftest import Namespace, eventually
from tests.cluster.plane import ControlPlane
from tests.cluster.platform import ClusterPlatform
from tests.cluster.test_kubernetes_faults import Here
from tests.platforms.contract import ready

ROUTE = "gateway.networking.k8s.io/v1/httproutes/web"


def told(space: Namespace) -> dict[str, Any] | None:
    """What the route says of the way back."""
    text = (space.get(ROUTE)["metadata"].get("annotations") or {}).get(names.WAY_BACK)
    found: dict[str, Any] | None = json.loads(text) if text else None
    return found


def half_way(namespace: Namespace) -> Here:
    """A target with a quarter of its traffic on green."""
    here = Here(namespace)
    for slot in ("blue", "green"):
        ready(here, slot)
    here.platform.switch(7, Routing({"blue": 75, "green": 25}, "blue"))
    return here


def test_act_by_hand_takes_the_next_fence_and_leaves_its_mark(namespace: Namespace) -> None:
    platform = half_way(namespace).platform
    platform.by_hand("blue", "Theo at the console", "Errors everywhere")
    seen = platform.observe()
    assert (seen.fence, seen.weights) == (8, {"blue": 100, "green": 0})
    assert (seen.mark, seen.marked_by, seen.mark_reason) == (
        "offline",
        "Theo at the console",
        "Errors everywhere",
    )
    assert seen.marked_at is not None
    with pytest.raises(PlatformRefused, match="too old"):
        platform.switch(7, Routing({"blue": 50, "green": 50}, "blue"))
    platform.switch(9, Routing({"blue": 100}, "blue"))
    assert platform.observe().mark == ""


def test_route_tells_the_commands_and_they_do_what_they_say(
    namespace: Namespace, plane: ControlPlane
) -> None:
    platform = half_way(namespace).platform
    assert platform.tell_way_back("The way back of run 5.", "blue", "green", ["./portal rollback-offline F"])
    said = told(namespace)
    assert said is not None
    assert said["weights"] == {"blue": 100, "green": 0}
    assert said["commands"][0] == "./portal rollback-offline F"
    mark, patch = (shlex.split(command) for command in said["commands"][1:])
    assert mark[:6] == ["kubectl", "-n", namespace.name, "annotate", "configmap", "hmhp-staging"]
    state = f"/api/v1/namespaces/{namespace.name}/configmaps/{mark[5]}"
    key, _, value = mark[6].partition("=")
    plane.call("PATCH", state, {"metadata": {"annotations": {key: value}}}, "application/merge-patch+json")
    root = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace.name}/httproutes"
    where = f"{root}/{patch[5]}?fieldManager=kubectl-patch"
    plane.call("PATCH", where, json.loads(patch[-1]), "application/json-patch+json")
    eventually(lambda: platform.observe().weights == {"blue": 100, "green": 0})
    assert platform.observe().mark == "offline"
    platform.switch(8, Routing({"green": 100}, "green"))
    platform.retire(8, "blue")
    assert told(namespace) is None


@pytest.mark.slow
@pytest.mark.django_db
def test_run_is_sent_back_with_its_file_and_the_portal_follows(cluster: ClusterPlatform) -> None:
    cluster.staged = cluster.smoked = False
    cluster.load({"bake_seconds": 600, "order": "interleaved"})
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first).slot
    second = cluster.ship("2026.11.0", "b")
    green = cluster.run(second).slot
    cluster.look_until(lambda: cluster.weights().get(green) == 25)
    space = cluster.namespaces["production", "us-east"]
    said = eventually(lambda: told(space))
    assert said["weights"] == {blue: 100, green: 0}
    file = way_back.file_of(cluster.run(second))
    assert offline.needs_client([str(file)])
    assert offline.run([str(file), "--by", "Theo", "--reason", "Errors everywhere"]) == 0
    assert cluster.weights() == cluster.weights("eu-central") == {blue: 100}
    # Its end wants transactions of its own: tests/deployments/test_offline.py follows it there.
    cluster.look_until(lambda: cluster.run(second).run_state in (RunState.ROLLING_BACK, RunState.ROLLED_BACK))
    assert "was sent back past the portal (offline at " in cluster.run(second).sentence
    assert cluster.weights() == cluster.weights("eu-central") == {blue: 100}
