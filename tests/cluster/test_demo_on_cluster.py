"""`./portal demo --kubeconfig`: the launcher as a process, its example platform in pods that really run.

One demo for the file; its tests go on from each other, as a reader does.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from hmhp_portal.launcher.cluster import image, places, reach
from hmhp_portal.launcher.cluster.wish import MARK
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem
from platforms.kubernetes.api import Api
from platforms.kubernetes.names import ENVIRONMENT, MANAGED_BY
from tests.cluster import binaries
from tests.cluster.conftest import eventually, make_namespace
from tests.cluster.plane import ADMIN, ControlPlane
from tests.cluster.running import IMAGE, LOADED, RunningPods, Tunnel
from tests.cluster.standins import MERGE
from tests.e2e.rest_client import RestClient
from tests.portal_process import PortalProcess

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
PREFIX = "try"
SPACES = [
    f"{PREFIX}-{name}"
    for name in ("development-us-east", "production-eu-central", "production-us-east", "staging-us-east")
]
LIVE = SPACES[1:3]
SIGNERS = {"quinn": "qa_lead", "sasha": "security_officer", "rita": "release_manager"}
TOKENS = """
import json
from accounts.actors import system
from accounts.models import User
from accounts.roles import Scope
from accounts.services.tokens import create_token
print(json.dumps({
    user.handle: create_token(name="own", scopes=Scope.values, actor=system("test"), owner=user)[1]
    for user in User.objects.all()
}))
"""


@dataclass
class Started:
    """A demo on a control plane of its own."""

    plane: ControlPlane
    kubeconfig: Path
    folder: Path
    portal: PortalProcess = field(init=False)

    def launch(self, *options: str) -> PortalProcess:
        """Start the launcher on the folder."""
        arguments = ["demo", "--data", str(self.folder), "--port", "0", *options]
        self.portal = PortalProcess(self.folder, arguments, {"PORTAL_DEMO_RELEASES": "2"})
        return self.portal

    def start(self, *options: str) -> str:
        """The same, and wait; what it has printed once everything runs."""
        self.launch(*options)
        self.portal.url = self.portal.wait_for(r"The portal is at\s+(\S+)", seconds=600).group(1)
        self.portal.wait_for("All processes run")
        return self.portal.output

    def get(self, path: str, space: str) -> list[dict[str, Any]]:
        """The items of a list in a namespace: `apis/apps/v1 deployments`."""
        root, plural = path.split()
        items: list[dict[str, Any]] = self.plane.call("GET", f"/{root}/namespaces/{space}/{plural}")["items"]
        return items

    def page(self, space: str) -> str:
        """The first page of the platform, as a visitor sees it through the API server."""
        path = f"/api/v1/namespaces/{space}/services/patient-web:http/proxy/"
        answer = self.plane.pool().request("GET", self.plane.server + path, headers=self.plane.headers())
        return str(answer.data.decode())

    def counted(self, space: str) -> dict[str, int]:
        """What the visitors say that each colour answered there."""
        settled = json.loads((self.folder / "cluster.json").read_text())
        query = f"visitors_requests%7Bnamespace=%22{space}%22%7D"
        url = f"http://127.0.0.1:{settled['port']}/api/v1/query?query={query}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            rows = json.load(answer)["data"]["result"]
        return {row["metric"]["slot"]: int(row["value"][1]) for row in rows}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The launcher has come up, seed and all."""
    found = binaries.find()
    if found is None:
        pytest.skip(binaries.SKIP)
    base = tmp_path_factory.mktemp("own")
    tunnel = Tunnel()
    plane = ControlPlane(found, tunnel=tunnel.socket)
    pods = RunningPods(plane, tunnel, base / "pods")
    folder = base / "data"
    try:
        plane.start()
        pods.start()
        plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "somebody"}})
        settings = {"metadata": {"name": "theirs", "labels": {"app.kubernetes.io/managed-by": "hmhp-portal"}}}
        plane.call("POST", "/api/v1/namespaces/somebody/configmaps", settings)
        made = Started(plane, plane.kubeconfig(ADMIN), folder)
        try:
            made.start("--kubeconfig", str(made.kubeconfig), "--namespace", PREFIX)
            yield made
        finally:
            made.portal.stop()
        Installation(folder).clear()
    finally:
        pods.stop()
        plane.stop()
        tunnel.close()


def test_start_says_where_everything_goes(started: Started) -> None:
    told = started.portal.output
    assert f"Cluster: context test of {started.kubeconfig}, {started.plane.server} (v1." in told
    assert f"Namespaces: {', '.join(SPACES)}; nothing outside of them is touched" in told
    assert "Traffic: one cut-over by Service selector, no shares (this cluster knows the Gateway API" in told
    assert f"Image: {IMAGE}" in told
    with urllib.request.urlopen(started.portal.url, timeout=20) as board:
        assert board.status == 200


def way_in(started: Started, token: str = ADMIN, **change: Any) -> Api:
    """As the launcher comes in, with that kubeconfig."""
    file = started.plane.kubeconfig(token, **change)
    return reach.enter(file, *reach.context_of(file, ""))[0]


def test_cluster_that_lets_nobody_in_is_told_in_one_sentence(started: Started) -> None:
    with pytest.raises(Problem, match="does not accept the portal's credentials"):
        way_in(started, "wrong")
    with pytest.raises(Problem, match="certificate is not good"):
        way_in(started, **{"certificate-authority": None})


def test_missing_rights_are_named_by_verb_and_resource(started: Started) -> None:
    space = make_namespace(started.plane, "narrow")
    api = way_in(started, space.token)
    with pytest.raises(
        Problem, match="you may not get services/proxy, create pods, delete pods in the"
    ) as told:
        reach.demand_rights(api, ["narrow"], with_gateway=True)
    assert "kubectl apply -n narrow -f deploy/kubernetes/role.yaml" in str(told.value)
    with pytest.raises(Problem, match=r"get services, list services, watch services and \d+ more rights"):
        reach.demand_rights(api, ["somebody"], with_gateway=False)
    with pytest.raises(Problem, match=r"may not create and delete namespaces .* are missing: a, b"):
        reach.demand_namespaces(api, ["a", "b"])
    reach.demand_rights(way_in(started), ["somebody"], with_gateway=True)


def test_gateway_must_be_there(started: Started) -> None:
    api = way_in(started)
    with pytest.raises(Problem, match="no Gateway edge in the namespace somebody"):
        reach.demand_gateway(api, "somebody/edge")
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    body = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge"},
        "spec": {"gatewayClassName": "any", "listeners": [listener]},
    }
    started.plane.call("POST", "/apis/gateway.networking.k8s.io/v1/namespaces/somebody/gateways", body)
    assert "shared by weight" in reach.demand_gateway(api, "somebody/edge")


def test_namespace_of_somebody_is_used_once_handed_over_and_stays(started: Started) -> None:
    api, path = way_in(started), "/api/v1/namespaces/handed"
    started.plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "handed"}})
    with pytest.raises(
        Problem, match=f"is not this demo's.*kubectl label --overwrite namespace handed {MARK}=k"
    ):
        places.missing(api, ["handed"], "k")
    started.plane.call("PATCH", path, {"metadata": {"labels": {MARK: "k"}}}, MERGE)
    assert places.missing(api, ["handed", "none"], "k") == ["none"]
    for name, labels in (("ours", {ENVIRONMENT: "staging", MANAGED_BY: "hmhp-portal"}), ("theirs", {})):
        started.plane.call("POST", f"{path}/configmaps", {"metadata": {"name": name, "labels": labels}})
    places.remove(api, {"handed": "staging"}, "k", print)
    left = {item["metadata"]["name"] for item in started.get("api/v1 configmaps", "handed")}
    assert ("ours" in left, "theirs" in left) == (False, True)
    places.remove(api, {"somebody": "staging"}, "k", print)
    assert "theirs" in {item["metadata"]["name"] for item in started.get("api/v1 configmaps", "somebody")}


def test_image_of_no_registry_is_told_with_what_to_name(started: Started) -> None:
    with pytest.raises(Problem, match=r"by no digest of a registry .*--image NAME@sha256"):
        image.by_digest(way_in(started), "somebody", f"{LOADED}:1", {}, print)
    assert started.get("api/v1 pods", "somebody") == []


def test_platform_runs_by_digest_under_our_labels(started: Started) -> None:
    for space in (SPACES[3], *LIVE):
        found = {item["metadata"]["labels"]["release.hmhp.example/component"]: item
                 for item in started.get("apis/apps/v1 deployments", space)}  # fmt: skip
        assert set(found) == {"patient-web", "scheduling", "records", "notification-worker"}
        for item in found.values():
            assert item["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "hmhp-portal"
            assert item["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE
            assert item["status"]["readyReplicas"] == 1
        (schedule,) = started.get("apis/batch/v1 cronjobs", space)
        assert not schedule["spec"].get("suspend")
    assert "patient-web 5.3.1, scheduling 3.7.4" in started.page(LIVE[0])
    assert "patient-web 5.4.0, scheduling 3.8.0" in started.page(SPACES[3])
    assert started.get("api/v1 pods", SPACES[0]) == []


def test_release_goes_to_production_past_the_judge(started: Started) -> None:
    portal = started.portal
    tokens = json.loads(portal.command("shell", "-v0", "-c", TOKENS))
    callers = {name: RestClient(portal.url, token) for name, token in tokens.items()}
    _hurry(started)
    releases = callers["rita"].ok("GET", "releases/")["results"]
    (waiting,) = [release for release in releases if release["state"] == "review"]
    one = f"releases/{waiting['version']}/"
    seal = callers["rita"].ok("GET", one)["seal"]
    for name, role in SIGNERS.items():
        body = {"role": role, "answer": "go", "seal": seal}
        callers[name].ok("POST", f"{one}sign-offs/", body, Portal_One_Time_Code=_code(portal, name))
    said = {"answer": "go", "seal": seal}
    callers["rita"].ok("POST", f"{one}decision/", said, Portal_One_Time_Code=_code(portal, "rita"))
    backup = {"value": "clear", "link": "https://ops.example/1"}  # the seed's may be old on a slow machine
    callers["devon"].ok("POST", f"{one}facts/backup_age/", backup)
    before = {space: eventually(lambda: set(started.counted(space)), 60) for space in LIVE}  # noqa: B023
    run = callers["devon"].ok("POST", f"{one}deploy/", {"seal": seal})["run"]
    ended = callers["devon"].wait(
        f"deployments/{run}/", lambda shown: shown["state"] in ("succeeded", "failed", "rolled_back")
    )
    assert ended["state"] == "succeeded", ended["sentence"]
    for space in LIVE:
        assert "patient-web 5.4.0, scheduling 3.8.0" in started.page(space)
        (green,) = set(started.counted(space)) - before[space]
        (edge,) = [s for s in started.get("api/v1 services", space) if s["metadata"]["name"] == "patient-web"]
        assert edge["spec"]["selector"]["release.hmhp.example/slot"] == green
        assert started.counted(space)[green] >= 25


def test_second_start_goes_on_where_the_first_was_ended(started: Started) -> None:
    pods, page, before = _uids(started), started.page(LIVE[0]), set(started.counted(LIVE[0]))
    started.portal.stop()
    assert "The example platform stays on the cluster." in started.portal.output
    assert started.page(LIVE[0]) == page
    told = started.start()
    assert f"Namespaces: {', '.join(SPACES)}; nothing outside" in told
    assert f"Image: {IMAGE}" in told
    assert "first time" not in told
    assert _uids(started) == pods
    eventually(lambda: started.counted(LIVE[0]), 60)
    assert set(started.counted(LIVE[0])) <= before


def test_fresh_start_removes_what_was_made_and_may_take_a_gateway(started: Started) -> None:
    started.portal.stop()
    theirs, before = started.get("api/v1 configmaps", "somebody"), _uids(started)
    options = ("--kubeconfig", str(started.kubeconfig), "--context", "test", "--namespace", PREFIX)
    portal = started.launch("--fresh", *options, "--gateway", "somebody/edge")
    removed = portal.wait_for("Removing what the demo made on the cluster: (.+)", seconds=300).group(1)
    portal.wait_for(f"Image: {IMAGE}", seconds=300)
    portal.stop()  # its past is the same as that of the first start
    assert sorted(removed.split(", ")) == SPACES
    assert "Traffic: shared by weight on HTTPRoutes of the gateway somebody/edge" in portal.output
    assert json.loads((started.folder / "cluster.json").read_text())["gateway"] == "somebody/edge"
    assert not _uids(started) & before
    assert started.get("api/v1 configmaps", "somebody") == theirs


def _uids(started: Started) -> set[str]:
    """The pods of services where it is live; those of schedules come and go."""
    found = [pod["metadata"] for space in LIVE for pod in started.get("api/v1 pods", space)]
    return {metadata["uid"] for metadata in found if "job-name" not in metadata["labels"]}


def _hurry(started: Started) -> None:
    """The same platform with shorter times, loaded as its owner would."""
    file = started.folder / "platform.yaml"
    document = yaml.safe_load(file.read_text())
    document["environments"][-1]["strategy"] |= {"bake_seconds": 3, "monitoring_seconds": 3}
    file.write_text(yaml.safe_dump(document))
    started.portal.command("load_platform", str(file))


def _code(portal: PortalProcess, name: str) -> str:
    found = re.search(r"\b\d{6}\b", portal.command("one_time_code", name))
    assert found is not None
    return found[0]
