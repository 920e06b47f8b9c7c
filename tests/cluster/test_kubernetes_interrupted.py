"""An API server and credentials that falter for a while: survived, with a sentence that says what to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from platforms.base import Platform, PlatformError, PlatformRefused, PlatformUnavailable, Routing
from platforms.kubernetes import names
from platforms.kubernetes.cache import Watched
from platforms.kubernetes.refusals import Gone
from tests.cluster.conftest import Namespace, component, eventually
from tests.cluster.five import route_weights
from tests.cluster.plane import ACCOUNT, ControlPlane
from tests.cluster.standins import STRATEGIC, tls_server
from tests.cluster.test_kubernetes_faults import Here, behaving, reason
from tests.deployments.engine import started_clock
from tests.platforms.contract import ready

FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"


@pytest.fixture
def here(namespace: Namespace) -> Here:
    return Here(namespace)


def test_readiness_that_flaps_is_told_each_time_and_blue_keeps_all_traffic(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, None))
    here.parts = (component("web"),)
    ready(here, "green")
    (pod,) = [name for name in namespace.names("v1/pods") if name.startswith("web-green-")]
    for now in (False, True, False):
        _set_ready(plane, namespace, pod, now)
        words = "" if now else "0 of 1 pods are ready; one runs but does not answer its readiness probe"
        eventually(lambda: reason(here) == words)  # noqa: B023
    assert here.platform.observe().weights == {"blue": 100}


def _set_ready(plane: ControlPlane, namespace: Namespace, pod: str, now: bool) -> None:
    """As its kubelet would say it."""
    path = f"/api/v1/namespaces/{namespace.name}/pods/{pod}/status"
    status = namespace.get(f"v1/pods/{pod}")["status"]
    for container in status["containerStatuses"]:
        container["ready"] = now
    for condition in status["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition["status"] = str(now)
    plane.call("PATCH", path, {"status": status}, STRATEGIC)


def test_watch_from_a_version_that_is_gone_lists_again(
    here: Here, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own 410: the first list claims a version from before the server began."""
    target, listed, real = here.platform._target, [], Watched._list
    with pytest.raises(Gone):
        list(target.api.watch(names.ROUTE, namespace.name, "", "1", 1))

    def old(self: Watched) -> str:
        version = real(self)
        listed.append(version)
        return "1" if len(listed) == 1 else version

    monkeypatch.setattr(Watched, "_list", old)
    watch = Watched(target.api, names.ROUTE, namespace.name, target.selector)
    eventually(lambda: len(listed) > 1)
    ready(here, "green")
    here.platform.switch(1, Routing({"green": 100}, None))
    eventually(lambda: {item["metadata"]["name"] for item in watch.objects(5)} == {"web"})


def test_server_that_has_too_much_to_do_is_asked_again_when_it_says(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    """The server's own 429, by a flow schema that serves the portal's account one read at a time."""
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, None))

    def told() -> PlatformUnavailable | None:
        try:
            here.platform.observe()
        except PlatformUnavailable as error:
            return error
        return None

    with one_at_a_time(plane, namespace), crowd(plane, namespace):
        error = eventually(told)
    assert "asks to come again" in error.reason
    assert error.retry_after in (1.0, 2.0, 4.0, 8.0)  # longer the longer it has had too much to do
    eventually(lambda: told() is None)
    assert here.platform.observe().weights == {"blue": 100}


@contextmanager
def one_at_a_time(plane: ControlPlane, namespace: Namespace) -> Iterator[None]:
    """What the portal's account reads one by one has a single seat, and nobody waits for it."""
    limited = {
        "nominalConcurrencyShares": 0,
        "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"},
    }
    level = {"metadata": {"name": namespace.name}, "spec": {"type": "Limited", "limited": limited}}
    subject = {
        "kind": "ServiceAccount",
        "serviceAccount": {"namespace": namespace.name, "name": ACCOUNT},
    }
    rule = {"verbs": ["get"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]}
    schema = {
        "metadata": {"name": namespace.name},
        "spec": {
            "priorityLevelConfiguration": {"name": namespace.name},
            "matchingPrecedence": 2,
            "rules": [{"subjects": [subject], "resourceRules": [rule]}],
        },
    }
    plane.call("POST", f"{FLOW}/prioritylevelconfigurations", level)
    plane.call("POST", f"{FLOW}/flowschemas", schema)
    try:
        yield
    finally:
        plane.call("DELETE", f"{FLOW}/flowschemas/{namespace.name}")
        plane.call("DELETE", f"{FLOW}/prioritylevelconfigurations/{namespace.name}")


@contextmanager
def crowd(plane: ControlPlane, namespace: Namespace) -> Iterator[None]:
    """Others who read as the same account all the time."""
    over = threading.Event()
    address = f"{plane.server}/api/v1/namespaces/{namespace.name}/configmaps/nothing"
    headers = {"Authorization": f"Bearer {namespace.token}"}

    def read() -> None:
        while not over.is_set():
            plane.pool().request("GET", address, headers=headers, retries=False)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(10)


def test_certificate_that_has_expired_is_named_as_such(namespace: Namespace, plane: ControlPlane) -> None:
    server = tls_server(plane, "expired", BaseHTTPRequestHandler, days=-1)
    address = f"https://127.0.0.1:{server.server_address[1]}"
    trusted = {"server": address, "certificate-authority": str(plane.folder / "expired.crt")}
    with pytest.raises(PlatformUnavailable, match="certificate has expired") as told:
        namespace.open(kubeconfig=str(plane.kubeconfig(namespace.token, **trusted))).observe()
    server.shutdown()
    assert "renew" in told.value.reason


def test_connection_that_is_cut_is_not_taken_for_a_bad_certificate(
    namespace: Namespace, plane: ControlPlane
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            with suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        connection.recv(65_536)  # what it greets with

        threading.Thread(target=cut, daemon=True).start()
        address = f"https://127.0.0.1:{server.getsockname()[1]}"
        config = str(plane.kubeconfig(namespace.token, server=address))
        with pytest.raises(PlatformUnavailable) as told:
            namespace.open(kubeconfig=config).observe()
    assert "certificate" not in told.value.reason


def test_token_that_has_expired_says_so_and_its_successor_is_read_without_a_restart(
    namespace: Namespace, plane: ControlPlane, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("expired")
    way = {"kubeconfig": None, "server": plane.server, "token_file": str(token), "ca_file": str(plane.ca)}
    platform = namespace.open(**way)
    with pytest.raises(PlatformUnavailable, match="must renew them"):
        platform.observe()
    token.write_text(namespace.token)
    assert eventually(lambda: _seen(platform)).weights == {}


def _seen(platform: Platform) -> Any:
    try:
        return platform.observe()
    except PlatformUnavailable:
        return None  # a watch that was refused asks again in a moment


def test_clock_of_the_cluster_counts_for_nothing(here: Here, plane: ControlPlane) -> None:
    """Routes are ordered by the server's own times and versions; the portal's clock is weeks from them."""
    for name in ("blue", "green"):
        ready(here, name)
    with started_clock():
        here.platform.switch(1, Routing({"blue": 75, "green": 25}, None))
        seen = here.platform.observe()
    assert (seen.weights, seen.mark) == ({"blue": 75, "green": 25}, "")
    assert here.platform.observe().weights == {"blue": 75, "green": 25}


def test_two_workers_at_once_leave_the_newer_one_s_weights(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    for name in ("blue", "green"):
        ready(here, name)
    mark, told, start = plane.audit_mark(), [], threading.Barrier(2)

    def work(fence: int, share: int) -> None:
        platform = namespace.open()
        start.wait()
        for _ in range(3):
            try:
                platform.switch(fence, Routing({"blue": 100 - share, "green": share}, None))
            except PlatformError as error:
                told.append((fence, getattr(error, "code", "later")))

    threads = [threading.Thread(target=work, args=given) for given in ((6, 10), (7, 60))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert here.platform.observe().weights == {"blue": 40, "green": 60}
    assert "fence" in {code for fence, code in told if fence == 6}
    accepted = [e for e in plane.audit_log(mark) if e["responseStatus"]["code"] < 300]
    assert route_weights(accepted, namespace.name, "green") in ([60], [10, 60])
    with pytest.raises(PlatformRefused, match="too old"):
        namespace.open().switch(6, Routing({"blue": 100}, None))


def test_crash_loop_of_green_leaves_blue_s_pods_and_route_alone(here: Here, namespace: Namespace) -> None:
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, None))
    before = {name for name in namespace.names("v1/pods") if "-blue-" in name}
    here.parts = (behaving("crash-loop"),)
    here.platform.ensure(2, here.slot("green"))
    eventually(lambda: "ends again and again" in reason(here))
    assert {name for name in namespace.names("v1/pods") if "-blue-" in name} == before
    assert here.platform.observe().weights == {"blue": 100}
