"""What goes wrong in clusters: each ends in a stated outcome, with a sentence that can be acted on."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from platforms.base import PlatformRefused, PlatformUnavailable, Routing, SlotSpec
from platforms.kubernetes import complaints, names
from platforms.kubernetes.api import calls
from platforms.kubernetes.driver import KubernetesPlatform
from tests.cluster.conftest import Namespace, component, eventually
from tests.cluster.plane import ControlPlane
from tests.cluster.standins import NO_VOLUME, Standins, tls_server
from tests.platforms.contract import ready

OURS = names.FIELD_MANAGER
MERGE = "application/merge-patch+json"


class Here:
    """A namespace with its driver, as the contract's helpers want it."""

    def __init__(self, space: Namespace, **settings: Any) -> None:
        self.platform: KubernetesPlatform = space.open(**settings)
        self._namespace = space
        self.parts: tuple[Any, ...] = ()

    def slot(self, name: str) -> SlotSpec:
        return self._namespace.slot(name, *self.parts)

    def eventually(self, condition: Any) -> Any:
        return eventually(condition)


@pytest.fixture
def here(namespace: Namespace) -> Here:
    return Here(namespace)


def reason(here: Here, slot: str = "green") -> str:
    """The reason of the first component that is not ready."""
    seen = here.platform.observe().slot(slot)
    return next((c.reason for c in seen.components if c.reason), "") if seen else ""


def behaving(kind: str, replicas: int = 1) -> Any:
    """A web component whose pods behave like that."""
    return component("web", kubernetes={"annotations": {"test/pod": kind}, "replicas": replicas})


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no-image", "0 of 2 pods are ready; 2 cannot pull its image registry.example/hmhp/web@sha256:"),
        ("no-volume", f"0 of 2 pods are ready; 2 cannot begin: {NO_VOLUME}"),
        ("crash-loop", "ends again and again right after its start (code 137, OOMKilled, 4 restarts)"),
        ("never-ready", "runs but does not answer its readiness probe"),
        ("no-node", "finds no node: 0/3 nodes are available: 3 Insufficient memory"),
    ],
)
def test_pod_that_does_not_get_ready_says_why(
    here: Here, kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complaints, "PATIENCE_SECONDS", -1.0)
    here.parts = (behaving(kind, 2),)
    here.platform.ensure(1, here.slot("green"))
    eventually(lambda: words in reason(here))


def test_blue_is_untouched_while_green_does_not_get_ready(here: Here) -> None:
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, "blue"))
    before = eventually(lambda: (seen := here.platform.observe()).slot("blue").ready and seen)
    here.parts = (behaving("no-image"),)
    here.platform.ensure(2, here.slot("green"))
    eventually(lambda: reason(here))
    after = here.platform.observe()
    assert (after.slot("blue"), after.weights["blue"]) == (before.slot("blue"), 100)


def test_quota_is_told_in_words(here: Here, namespace: Namespace, plane: ControlPlane) -> None:
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "0"}}}
    plane.call("POST", f"/api/v1/namespaces/{namespace.name}/resourcequotas", quota)
    eventually(lambda: namespace.get("v1/resourcequotas/small").get("status", {}).get("hard"))
    here.platform.ensure(1, here.slot("green"))
    eventually(lambda: "no more pods can be made" in reason(here) and "exceeded quota" in reason(here))


def test_quota_on_services_refuses_and_says_so(here: Here, namespace: Namespace, plane: ControlPlane) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"services": "0"}}}
    plane.call("POST", f"/api/v1/namespaces/{namespace.name}/resourcequotas", quota)
    eventually(lambda: namespace.get("v1/resourcequotas/none").get("status", {}).get("hard"))
    with pytest.raises(PlatformRefused, match="quota none is exceeded") as refused:
        here.platform.ensure(1, here.slot("green"))
    assert refused.value.code == "quota"
    assert any("quota" in text for text in here.platform.probe(here.slot("green")).problems)


def test_one_missing_right_is_named(here: Here, namespace: Namespace, plane: ControlPlane) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace.name}/roles/release-portal"
    role = plane.call("GET", path)
    for rule in role["rules"]:
        if "networkpolicies" in rule["resources"]:
            rule["verbs"] = ["get", "list"]
    plane.call("PUT", path, role)
    words = "may not (patch|create) networkpolicies"
    eventually(lambda: any("networkpolicies" in p for p in here.platform.probe(here.slot("green")).problems))
    with pytest.raises(PlatformRefused, match=words) as refused:
        here.platform.ensure(1, here.slot("green"))
    assert refused.value.code == "forbidden"


def test_namespace_that_is_missing_or_going_is_told(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    gone = Here(namespace, namespace=f"{namespace.name}-x")
    assert gone.platform.probe(gone.slot("green")).problems
    blocker = {"metadata": {"name": "blocker", "finalizers": ["test.example/wait"]}}
    plane.call("POST", f"/api/v1/namespaces/{namespace.name}/configmaps", blocker)
    plane.call("DELETE", f"/api/v1/namespaces/{namespace.name}")
    (problem,) = eventually(lambda: here.platform.probe(here.slot("green")).problems)
    assert "is being deleted" in problem
    path = f"/api/v1/namespaces/{namespace.name}/configmaps/blocker"
    plane.call("PATCH", path, {"metadata": {"finalizers": None}}, MERGE)


def test_route_of_another_manager_is_left_alone(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace.name}/httproutes"
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
             "metadata": {"name": "web", "labels": {names.MANAGED_BY: "argocd"}},
             "spec": {"rules": [{"backendRefs": [{"name": "old", "port": 80}]}]}}  # fmt: skip
    before = plane.call("POST", path, route)
    ready(here, "green")
    with pytest.raises(PlatformRefused, match="belongs to argocd") as refused:
        here.platform.switch(1, Routing({"green": 100}, None))
    assert refused.value.code == "owned"
    assert plane.call("GET", f"{path}/web")["spec"] == before["spec"]


def test_gateway_that_refuses_or_is_silent_is_waited_for(
    here: Here, standins: Standins, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, None))
    ready(here, "green")
    monkeypatch.setattr("platforms.kubernetes.traffic.ACCEPT_SECONDS", 2.0)
    standins.refusing = "no such listener"
    with pytest.raises(PlatformUnavailable, match="no such listener"):
        here.platform.switch(1, Routing({"blue": 75, "green": 25}, None))
    assert here.platform.observe().weights["blue"] == 100
    standins.silent_gateway = True
    with pytest.raises(PlatformUnavailable, match="has not taken the new form"):
        here.platform.switch(1, Routing({"blue": 50, "green": 50}, None))
    assert here.platform.observe().weights["blue"] == 100


def test_route_changed_by_hand_is_marked_and_not_fought(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    ready(here, "blue")
    ready(here, "green")
    here.platform.switch(1, Routing({"blue": 75, "green": 25}, None))
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace.name}/httproutes/web"
    spec = plane.call("GET", path)["spec"]
    for ref in spec["rules"][0]["backendRefs"]:
        ref["weight"] = 50
    plane.call("PATCH", f"{path}?fieldManager=kubectl-edit", {"spec": spec}, MERGE)
    eventually(lambda: "kubectl-edit changed the route web" in here.platform.observe().mark)
    eventually(lambda: here.platform.observe().weights == {"blue": 50, "green": 50})
    here.platform.switch(2, Routing({"blue": 100}, None))
    assert here.platform.observe().mark == ""


@pytest.mark.parametrize(
    ("path", "thing"),
    [
        ("/api/v1/namespaces/{0}", "Namespace {0}"),
        ("/api/v1/namespaces/{0}/configmaps/hmhp-staging", "ConfigMap hmhp-staging"),
        ("/apis/apps/v1/namespaces/{0}/deployments/web-blue", "Deployment web-blue"),
    ],
)
def test_hold_stops_and_says_who_by_which_annotation(
    here: Here, namespace: Namespace, plane: ControlPlane, path: str, thing: str
) -> None:
    ready(here, "blue")
    where = path.format(namespace.name) + "?fieldManager=kubectl-annotate"
    plane.call("PATCH", where, {"metadata": {"annotations": {names.HOLD: "node upgrade until noon"}}}, MERGE)
    held = eventually(lambda: here.platform.observe().held)
    assert held.startswith(
        f"the annotation {names.HOLD} on the {thing.format(namespace.name)} says “node upgrade until noon”, "
        "put there with kubectl-annotate at "
    )
    plane.call("PATCH", where, {"metadata": {"annotations": {names.HOLD: None}}}, MERGE)
    eventually(lambda: here.platform.observe().held == "")


def test_unknown_context_and_untrusted_certificate_are_told(
    namespace: Namespace, plane: ControlPlane
) -> None:
    with pytest.raises(PlatformRefused, match="nowhere"):
        namespace.open(context="nowhere")
    other = plane.folder / "kubelet.crt"
    untrusting = namespace.open(
        kubeconfig=str(plane.kubeconfig(namespace.token, **{"certificate-authority": str(other)}))
    )
    with pytest.raises(PlatformUnavailable, match="certificate"):
        untrusting.observe()
    insecure = {"certificate-authority": None, "insecure-skip-tls-verify": True}
    with pytest.raises(PlatformRefused, match="verification of TLS"):
        namespace.open(kubeconfig=str(plane.kubeconfig(namespace.token, **insecure)))


def test_credentials_that_expired_are_told(namespace: Namespace, plane: ControlPlane) -> None:
    stranger = namespace.open(kubeconfig=str(plane.kubeconfig("no-such-token")))
    with pytest.raises(PlatformUnavailable, match="credentials"):
        stranger.observe()


def test_environment_behind_a_bastion_is_never_reached_without_it(namespace: Namespace) -> None:
    with pytest.raises(PlatformRefused, match="through its proxy only"):
        namespace.open(proxy_required=True)
    behind = namespace.open(proxy_required=True, proxy="http://127.0.0.1:9")
    with pytest.raises(PlatformUnavailable, match="cannot be reached"):
        behind.observe()


def test_what_is_not_ours_is_never_touched(here: Here, namespace: Namespace, plane: ControlPlane) -> None:
    names_of = {"managed": {names.MANAGED_BY: "helm", names.SLOT: "blue"}, "plain": {}}
    for name, labels in names_of.items():
        body = {"metadata": {"name": name, "labels": labels}, "data": {"a": "b"}}
        plane.call("POST", f"/api/v1/namespaces/{namespace.name}/configmaps", body)
    before = [namespace.get(f"v1/configmaps/{name}") for name in names_of]
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, "blue"))
    here.platform.switch(1, Routing({}, None))
    here.platform.retire(1, "blue")
    assert [namespace.get(f"v1/configmaps/{name}") for name in names_of] == before


def test_pod_that_runs_another_digest_is_seen(here: Here, standins: Standins) -> None:
    standins.digests["web"] = "sha256:" + "e" * 64
    here.platform.ensure(1, here.slot("blue"))
    slot = eventually(lambda: (s := here.platform.observe().slot("blue")) and s.ready and s)
    assert {c.name: c.artifact[7] for c in slot.components} == {"web": "e", "worker": "b"}


def test_green_gets_blue_s_size_and_the_autoscalers_stand_still_until_the_end(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    scaled = component("web", kubernetes={"replicas": 2, "autoscale": {"maximum": 9}})
    here.parts = (scaled,)
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, None))
    scale = f"/apis/apps/v1/namespaces/{namespace.name}/deployments/web-blue/scale"
    plane.call("PATCH", scale, {"spec": {"replicas": 5}}, MERGE)
    eventually(lambda: len(namespace.get("v1/pods")["items"]) == 5)
    ready(here, "green")
    assert namespace.get("apps/v1/deployments/web-green")["spec"]["replicas"] == 5
    assert (namespace.least("web-blue"), namespace.least("web-green")) == (5, 5)
    here.platform.switch(1, Routing({"green": 100}, None))
    assert (namespace.least("web-blue"), namespace.least("web-green")) == (5, 2)


def test_sizes_by_the_clock_are_applied_and_restored(here: Here, namespace: Namespace) -> None:
    times = [{"from": "mon 07:00", "to": "fri 19:00", "zone": "Europe/Berlin", "replicas": 4}]
    here.parts = (
        component("web", kubernetes={"replicas": 2, "autoscale": {"maximum": 9}, "sizes": times}),
        component("records", kubernetes={"replicas": 1, "sizes": times}),
    )
    ready(here, "blue")
    here.platform.switch(3, Routing({"blue": 100}, None))
    monday, sunday = datetime(2026, 11, 2, 6, 30, tzinfo=UTC), datetime(2026, 11, 8, 6, 30, tzinfo=UTC)
    for moment, least, replicas in ((monday, 4, 4), (sunday, 2, 1)):
        assert set(here.platform.resize(3, moment)) == {"web-blue", "records-blue"}
        assert namespace.least("web-blue") == least
        assert namespace.get("apps/v1/deployments/records-blue")["spec"]["replicas"] == replicas
        assert here.platform.resize(3, moment) == []


def test_without_a_gateway_traffic_is_cut_over_and_never_shared(here: Here, namespace: Namespace) -> None:
    plain = Here(namespace, gateway=None)
    ready(plain, "blue")
    ready(plain, "green")
    plain.platform.switch(1, Routing({"blue": 100}, None))
    with pytest.raises(PlatformRefused, match="only be cut over"):
        plain.platform.switch(1, Routing({"blue": 50, "green": 50}, None))
    plain.platform.switch(1, Routing({"green": 100}, None))
    assert dict(plain.platform.observe().weights) == {"green": 100}
    assert namespace.get("v1/services/web")["spec"]["selector"][names.SLOT] == "green"
    with pytest.raises(PlatformRefused, match="cannot go"):
        plain.platform.retire(1, "green")


def test_kubectl_sees_the_story(here: Here, namespace: Namespace) -> None:
    here.platform.ensure(1, here.slot("blue"))
    deployment = namespace.get("apps/v1/deployments/web-blue")
    labels = deployment["metadata"]["labels"]
    assert (labels[names.SLOT], labels[names.VERSION]) == ("blue", "release-of-blue")
    record = namespace.get("v1/configmaps/hmhp-slot-staging-blue")
    assert "Deployment/web-blue" in json.loads(record["data"]["objects"])


def test_events_tell_people_of_the_cluster(here: Here, namespace: Namespace) -> None:
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, None))

    def told() -> set[tuple[str, str, str]]:
        events = [e for e in namespace.get("v1/events")["items"] if e["source"].get("component") == OURS]
        return {(event["reason"], event["involvedObject"]["name"], event["message"]) for event in events}

    eventually(lambda: ("TrafficMoved", "web", "Traffic goes to blue 100 %.") in told())
    eventually(lambda: ("Deployed", "web-blue", "Release release of blue in the colour blue.") in told())


def test_every_colour_stays_a_backend_and_the_sum_is_never_zero(here: Here, namespace: Namespace) -> None:
    ready(here, "blue")
    ready(here, "green")
    for weights in ({"blue": 100}, {"green": 100}):
        here.platform.switch(1, Routing(weights, None))
        route = namespace.get("gateway.networking.k8s.io/v1/httproutes/web")
        refs = route["spec"]["rules"][0]["backendRefs"]
        assert {ref["name"] for ref in refs} == {"web-blue", "web-green"}
        assert sum(ref["weight"] for ref in refs) == 100


def test_background_work_never_runs_in_two_colours(
    here: Here, namespace: Namespace, standins: Standins
) -> None:
    here.parts = (component("web"), component("worker", "worker"), component("reminders", "schedule"))
    for name in ("blue", "green"):
        ready(here, name)
    here.platform.switch(1, Routing({"blue": 100}, "blue"))
    eventually(lambda: here.platform.observe().background == "blue")
    eventually(lambda: len(namespace.working("blue")) == 1)
    standins.lingering = True
    here.platform.switch(1, Routing({"green": 100}, "green"))
    assert here.platform.observe().background == "blue"
    assert namespace.told_to_work() == set()
    standins.let_end()
    here.platform.switch(1, Routing({"green": 100}, "green"))
    eventually(lambda: here.platform.observe().background == "green")
    assert namespace.told_to_work() == {"worker-green", "reminders-green"}


def test_colour_whose_record_was_deleted_by_hand_works_on(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    here.parts = (component("worker", "worker"), component("reminders", "schedule"))
    ready(here, "blue")
    here.platform.switch(1, Routing({}, "blue"))
    eventually(lambda: namespace.told_to_work() == {"worker-blue", "reminders-blue"})
    (record,) = [name for name in namespace.names("v1/configmaps") if name.startswith("hmhp-slot-")]
    plane.call("DELETE", f"/api/v1/namespaces/{namespace.name}/configmaps/{record}")
    kinds = lambda slot: {component.kind for component in slot.components}  # noqa: E731
    eventually(lambda: (slot := here.platform.observe().slot("blue")) and kinds(slot) == {"http"})
    here.platform.ensure(1, here.slot("blue"))
    assert namespace.told_to_work() == {"worker-blue", "reminders-blue"}


def test_objects_of_a_new_colour_are_made_without_asking_for_them(here: Here) -> None:
    here.parts = (component("web"), component("worker", "worker"))
    ready(here, "blue")
    asked = calls["GET deployments"]
    here.platform.ensure(1, here.slot("green"))
    assert calls["GET deployments"] == asked


def test_two_workers_never_fight_over_a_route(here: Here, namespace: Namespace) -> None:
    for name in ("blue", "green"):
        ready(here, name)
    old, new = here.platform, namespace.open()
    new.switch(7, Routing({"blue": 75, "green": 25}, None))
    with pytest.raises(PlatformRefused, match="too old"):
        old.switch(6, Routing({"blue": 50, "green": 50}, None))
    assert new.observe().weights == {"blue": 75, "green": 25}


def test_admission_webhook_s_refusal_comes_in_its_own_words(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    with refusing_webhook(plane, namespace.name, "images must be scanned first"):
        (problem, *_) = eventually(lambda: here.platform.probe(here.slot("green")).problems)
        assert "refuses: images must be scanned first" in problem
        with pytest.raises(PlatformRefused, match="images must be scanned first") as refused:
            here.platform.ensure(1, here.slot("green"))
    assert refused.value.code == "admission"


@contextmanager
def refusing_webhook(plane: ControlPlane, namespace: str, why: str) -> Iterator[None]:
    """A real webhook over TLS that refuses every Deployment of the namespace."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"uid": review["request"]["uid"], "allowed": False, "status": {"message": why}}
            body = json.dumps({**review, "request": None, "response": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            return

    server = tls_server(plane, "webhook", Handler)
    bundle = base64.b64encode((plane.folder / "webhook.crt").read_bytes()).decode()
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["deployments"],
    }
    hook = {
        "name": "scan.example.com", "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "clientConfig": {"url": f"https://127.0.0.1:{server.server_address[1]}/", "caBundle": bundle},
    }  # fmt: skip
    root = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    plane.call("POST", root, {"metadata": {"name": namespace}, "webhooks": [hook]})
    try:
        yield
    finally:
        plane.call("DELETE", f"{root}/{namespace}")
        server.shutdown()
