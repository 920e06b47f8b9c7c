"""A platform of teams' own charts and manifests on a real API server, beside what is none of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.states import RunState
from platforms.kubernetes import names
from releases.services import previewing
from releases.states import ReleaseState
from tests.cluster.conftest import Namespace
from tests.cluster.platform import ClusterPlatform
from tests.cluster.test_kubernetes_faults import MERGE
from tests.platforms.foreign import CHART, helm
from tests.releases import world

__all__ = ["helm"]
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("helm")]

RECORDS = """\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: records-settings}
    data: {GREETING: hello, SINCE: 2026-11-03}
  - apiVersion: v1
    kind: ServiceAccount
    metadata: {name: records}
  - apiVersion: v1
    kind: Service
    metadata: {name: records}
    spec:
      selector: {app: records}
      ports: [{name: metrics, port: 9100}, {name: http, port: 80, targetPort: www}]
  - apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: records}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: records}}}
  - apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: records}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: records}
      minReplicas: 2
      maxReplicas: 4
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: records}
    spec: {podSelector: {matchLabels: {app: records}}, policyTypes: [Ingress], ingress: [{}]}
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: records}
    spec:
      replicas: 2
      selector: {matchLabels: {app: records}}
      template:
        metadata: {labels: {app: records}}
        spec:
          serviceAccountName: records
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: kubernetes.io/hostname
              whenUnsatisfiable: ScheduleAnyway
              labelSelector: {matchLabels: {app: records}}
          initContainers: [{name: warm, image: "registry.example/team/records:1"}]
          containers:
            - {name: proxy, image: "proxy.example/proxy:2.1"}
            - name: main
              image: registry.example/team/records:1
              ports: [{name: www, containerPort: 3000}, {name: metrics, containerPort: 9100}]
              envFrom: [{configMapRef: {name: records-settings}}]
"""
MAILER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: post, annotations: {owner: mail team}}
spec:
  replicas: 2
  selector: {matchLabels: {app: post}}
  template:
    metadata: {labels: {app: post}}
    spec:
      containers: [{name: post, image: "registry.example/team/post:1"}]
"""
REMINDERS = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  suspend: false
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: nightly, image: "registry.example/team/nightly:1"}]
"""
SMOKE = {"smoke": ["smoke"]}


def of_files(kind: str, name: str, text: str, **section: Any) -> dict[str, Any]:
    """A component of a team's own manifests."""
    given = {"manifests": f"k8s/{name}", "files": {"all.yaml": text}, **section}
    return {"name": name, "kind": kind, "manifest": {"kubernetes": given}}


COMPONENTS = [
    {
        "name": "web",
        "kind": "http",
        "edge": True,
        "manifest": {
            "jobs": SMOKE,
            "kubernetes": {
                "chart": "charts/api",
                "files": CHART,
                "values": {"image": {"tag": "9"}},
                "environments": {
                    "production": {"values": {"image": {"repository": "registry.example/team/web"}}}
                },
            },
        },
    },
    of_files("http", "records", RECORDS, image="registry.example/team/records", jobs=SMOKE),
    of_files("worker", "mailer", MAILER),
]
SCHEDULED = [*COMPONENTS[:2], of_files("schedule", "mailer", REMINDERS)]


def put_strangers(space: Namespace) -> None:
    """What others have in the namespace: the same kinds, the same names as ours would have without colour."""
    root = f"namespaces/{space.name}"
    app = {"app": "records"}
    pod = {"metadata": {"labels": app}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    chosen = {"matchLabels": app}
    shut = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for path, body in {
        f"/apis/apps/v1/{root}/deployments": {
            "metadata": {"name": "records"}, "spec": {"replicas": 0, "selector": chosen, "template": pod}},
        f"/apis/apps/v1/{root}/statefulsets": {
            "metadata": {"name": "db"},
            "spec": {"replicas": 0, "serviceName": "db", "selector": chosen, "template": pod}},
        f"/api/v1/{root}/services": {
            "metadata": {"name": "records"}, "spec": {"selector": app, "ports": [{"port": 80}]}},
        f"/api/v1/{root}/configmaps": {"metadata": {"name": "records-settings"}, "data": {"A": "b"}},
        f"/api/v1/{root}/secrets": {"metadata": {"name": "records"}, "stringData": {"a": "b"}},
        f"/apis/networking.k8s.io/v1/{root}/networkpolicies": {
            "metadata": {"name": "nothing"}, "spec": shut},
        f"/apis/policy/v1/{root}/poddisruptionbudgets": {
            "metadata": {"name": "records"}, "spec": {"maxUnavailable": 0, "selector": chosen}},
    }.items():  # fmt: skip
        space.plane.call("POST", path, body)


KINDS = (
    "apps/v1/deployments", "apps/v1/statefulsets", "v1/services", "v1/configmaps", "v1/secrets",
    "v1/serviceaccounts", "networking.k8s.io/v1/networkpolicies", "policy/v1/poddisruptionbudgets",
    "rbac.authorization.k8s.io/v1/roles", "rbac.authorization.k8s.io/v1/rolebindings",
)  # fmt: skip


def strangers(space: Namespace) -> dict[str, tuple[str, str]]:
    """Everything without our labels, with its specification's version; status is its controller's."""
    found = {}
    for path in KINDS:
        for item in space.get(path)["items"]:
            metadata = item["metadata"]
            if (metadata.get("labels") or {}).get(names.MANAGED_BY) != names.FIELD_MANAGER:
                plain = {k: v for k, v in item.items() if k not in ("status", "metadata")}
                told = (json.dumps(plain, sort_keys=True), json.dumps(metadata.get("labels")))
                found[f"{path}/{metadata['name']}"] = told
    return found


def touched(cluster: ClusterPlatform, space: Namespace, mark: int) -> set[str]:
    """Objects that the portal wrote, as `resource/name`, by the API server's own log."""
    return {
        f"{about['resource']}/{about.get('name', '')}"
        for entry in space.plane.audit_log(mark)
        if (about := entry.get("objectRef") or {}).get("namespace") == space.name
        and "release-portal" in entry["user"]["username"]
        and entry["verb"] in ("create", "update", "patch", "delete", "deletecollection")
        and "dryRun" not in entry.get("requestURI", "")
    }


def test_teams_objects_go_from_blue_to_green_and_nobody_else_s_are_touched(cluster: ClusterPlatform) -> None:
    cluster.load(components=COMPONENTS)
    east = cluster.namespaces["production", "us-east"]
    put_strangers(east)
    before, mark = strangers(east), east.plane.audit_mark()
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first)
    second = cluster.ship("2026.11.0", "b")
    cluster.look_until(cluster.step(second, "shift", 50))
    green = cluster.run(second)
    _two_colours(east, blue.slot, green.slot)
    cluster.until(second, ReleaseState.COMPLETED)
    cluster.look_until(lambda: not any(blue.slot in n for n in east.names("apps/v1/deployments")))
    assert strangers(east) == before
    wrote = touched(cluster, east, mark)
    assert not wrote & {"/".join(name.split("/")[-2:]) for name in before}
    for path in KINDS:
        assert not any(blue.slot in name for name in east.names(path)), path


def _two_colours(space: Namespace, blue: str, green: str) -> None:
    """Each colour is whole, and chooses its own pods alone."""
    for slot, letter in ((blue, "a"), (green, "b")):
        deployment = space.get(f"apps/v1/deployments/records-{slot}")
        template = deployment["spec"]["template"]
        images = {c["name"]: c["image"] for c in template["spec"]["containers"]}
        assert images == {"proxy": "proxy.example/proxy:2.1",
                          "main": f"registry.example/team/records@{world.digest(letter)}"}  # fmt: skip
        assert template["spec"]["initContainers"][0]["image"] == images["main"]
        assert template["spec"]["serviceAccountName"] == f"records-{slot}"
        web = space.get(f"apps/v1/deployments/web-{slot}")["spec"]["template"]["spec"]["containers"][0]
        assert web["image"] == f"registry.example/team/web@{world.digest(letter)}"
        assert {"name": "RECORDS_URL", "value": f"http://records-{slot}:80"} in web["env"]
        config = space.get(f"v1/configmaps/web-api-config-{slot}")["data"]["application.yml"]
        assert config == f"self: http://web-{slot}:80/\nnamespace: {space.name}\n"
        chosen = space.get(f"v1/services/records-{slot}")["spec"]["selector"]
        pods = space.get("v1/pods")["items"]
        mine = [p["metadata"]["name"] for p in pods if chosen.items() <= p["metadata"]["labels"].items()]
        assert len(mine) == 2
        assert all(name.startswith(f"records-{slot}-") for name in mine)
    told = {
        item["metadata"]["name"]: (
            item["metadata"]["labels"][names.VERSION],
            item["status"].get("readyReplicas"),
        )
        for item in space.get("apps/v1/deployments")["items"]
        if names.VERSION in item["metadata"].get("labels", {})
    }
    assert told[f"records-{green}"] == ("2026.11.0", 2)
    assert told[f"mailer-{blue}"] == ("2026.10.0", 2)
    assert told[f"mailer-{green}"] == ("2026.11.0", None)


def test_signers_see_the_digests_and_the_version_of_teams_objects_and_nothing_else(
    cluster: ClusterPlatform,
) -> None:
    cluster.staged = cluster.smoked = False
    cluster.load(components=COMPONENTS)
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    event = previewing.take(cluster.in_review("2026.11.0", "b").pk)
    assert event is not None
    told = event.data["regions"]["us-east"]["changes"]
    assert {change["object"] for change in told} == {f"Deployment {c['name']}" for c in COMPONENTS}
    others = [c for c in told if not c["path"].endswith(".image") and c["after"] != "2026.11.0"]
    assert others == []


def test_pods_that_a_rule_refuses_end_the_run_before_any_traffic(
    cluster: ClusterPlatform,
) -> None:
    cluster.staged = cluster.smoked = False
    cluster.load({"ready_timeout_seconds": 20}, components=COMPONENTS)
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first).slot
    east = cluster.namespaces["production", "us-east"]
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    east.plane.call("PATCH", f"/api/v1/namespaces/{east.name}", enforce, MERGE)
    second = cluster.ship("2026.11.0", "b")
    cluster.look_until(lambda: cluster.ended(second))
    told = cluster.run(second)
    assert told.run_state == RunState.FAILED
    assert "violates PodSecurity" in told.sentence
    assert "runAsNonRoot" in told.sentence
    assert cluster.weights() == {blue: 100}
    cluster.look_until(lambda: not any(told.slot in n for n in east.names("apps/v1/deployments")))


def test_schedule_of_a_team_s_own_stands_still_until_it_is_handed_over(cluster: ClusterPlatform) -> None:
    cluster.staged = cluster.smoked = False
    cluster.load(components=SCHEDULED)
    east = cluster.namespaces["production", "us-east"]
    first = cluster.ship("2026.10.0", "a")
    cluster.until(first, ReleaseState.COMPLETED)
    blue = cluster.run(first).slot
    second = cluster.ship("2026.11.0", "b")
    cluster.look_until(cluster.step(second, "shift", 50))
    green = cluster.run(second).slot
    assert _suspended(east) == {f"mailer-{blue}": False, f"mailer-{green}": True}
    cluster.look_until(lambda: _suspended(east) == {f"mailer-{blue}": True, f"mailer-{green}": False})
    cluster.until(second, ReleaseState.COMPLETED)
    cluster.look_until(lambda: _suspended(east) == {f"mailer-{green}": False})


def _suspended(space: Namespace) -> dict[str, bool]:
    items = space.get("batch/v1/cronjobs")["items"]
    return {item["metadata"]["name"]: bool(item["spec"].get("suspend")) for item in items}
