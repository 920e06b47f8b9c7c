"""Charts and plain manifests of a team: coloured whole, or refused with file and line."""

from __future__ import annotations

from typing import Any

import pytest

from platforms.kubernetes import names
from platforms.kubernetes.render import Place, render
from tests.platforms.foreign import helm

__all__ = ["helm"]
DIGEST = "sha256:" + "a" * 64
GOOD = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {GREETING: hello}
---
apiVersion: v1
kind: Service
metadata: {name: records, namespace: elsewhere}
spec:
  selector: {app: records}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: records-api, labels: {team: records}}
spec:
  replicas: 4
  selector: {matchLabels: {app: records}}
  template:
    metadata: {labels: {app: records}}
    spec:
      containers:
        - name: proxy
          image: proxy.example/sidecar@sha256:0000
        - name: records
          image: registry.example/records:1.2.3
          envFrom: [{configMapRef: {name: settings}}]
"""


def fitted(text: str, **section: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """That file as the component `records`."""
    given = {"manifests": "k8s/", "files": {"all.yaml": text}, **section}
    entry = {"kind": "http", "artifact": DIGEST, "manifest": {"kubernetes": given}}
    objects, problems = render({"records": entry}, Place("production"))
    return objects.get("records", []), problems


def by_kind(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The objects by their kind."""
    return {item["kind"]: item for item in objects}


def with_change(before: str, after: str) -> str:
    """The good file with one change."""
    assert before in GOOD
    return GOOD.replace(before, after, 1)


def test_objects_get_the_colour_the_labels_and_the_digest() -> None:
    objects, problems = fitted(GOOD)
    found = by_kind(objects)
    assert problems == []
    assert found["Service"]["metadata"]["name"] == f"records-{names.SLOT_PLACEHOLDER}"
    assert "namespace" not in found["Service"]["metadata"]
    deployment = found["Deployment"]
    assert "replicas" not in deployment["spec"]
    assert deployment["metadata"]["annotations"][names.SIZE] == "4"
    assert deployment["metadata"]["labels"]["team"] == "records"
    proxy, records = deployment["spec"]["template"]["spec"]["containers"]
    assert proxy["image"] == "proxy.example/sidecar@sha256:0000"
    assert records["image"] == f"registry.example/records@{DIGEST}"


def test_selectors_and_references_follow() -> None:
    found = by_kind(fitted(GOOD)[0])
    pods = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for chosen in (
        found["Service"]["spec"]["selector"],
        found["Deployment"]["spec"]["selector"]["matchLabels"],
    ):
        assert chosen.items() <= pods.items()
    records = found["Deployment"]["spec"]["template"]["spec"]["containers"][1]
    assert records["envFrom"][0]["configMapRef"]["name"] == found["ConfigMap"]["metadata"]["name"]


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("kind: ConfigMap", "kind: StatefulSet", 2, "StatefulSet cannot be coloured"),
        ("kind: ConfigMap", "kind: Secret", 2, "never pass through the portal"),
        ("kind: ConfigMap", "kind: ClusterRole", 2, "belongs to the cluster"),
        ("  selector: {app: records}\n", "  type: NodePort\n  selector: {}\n", 10, "past the route"),
        ("      containers:", "      hostNetwork: true\n      containers:", 22, "the node's own ports"),
        ("{GREETING: hello}", '{PEER: "http://records:80/api"}', 4, "a name without colour"),
        ("{name: settings}", "{name: s, annotations: {helm.sh/hook: x}}", 3, "hooks are not run"),
    ],
)  # fmt: skip
def test_what_cannot_stand_twice_is_refused_with_file_and_line(
    before: str, after: str, line: int, words: str
) -> None:
    objects, problems = fitted(with_change(before, after))
    assert objects == []
    assert any(f"all.yaml:{line}:" in text and words in text for text in problems), problems


def test_broken_yaml_is_refused_with_its_line() -> None:
    _, (problem,) = fitted("kind: Service\nmetadata: {name: [\n")
    assert "all.yaml:3" in problem


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: records\nversion: 1.0.0\n",
    "values.yaml": "replicas: 1\n",
    "templates/service.yaml": (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}-records\n"
        "spec:\n  ports: [{port: 80, targetPort: 8080}]\n"
    ),
    "templates/deployment.yaml": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-records\nspec:\n"
        "  replicas: {{ .Values.replicas }}\n  selector: {matchLabels: {app: records}}\n  template:\n"
        "    metadata: {labels: {app: records}}\n    spec:\n      containers: [{name: records, image: old}]\n"
    ),
}


def chart(**change: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The chart with some files changed, rendered."""
    return fitted("", manifests="", chart="charts/records", files={**CHART, **change}, values={"replicas": 3})


@pytest.mark.usefixtures("helm")
def test_chart_is_rendered_with_its_values_and_coloured() -> None:
    objects, problems = chart()
    assert problems == []
    assert by_kind(objects)["Deployment"]["metadata"]["annotations"][names.SIZE] == "3"
    assert {item["metadata"]["name"] for item in objects} == {f"records-{names.SLOT_PLACEHOLDER}"}


@pytest.mark.usefixtures("helm")
def test_chart_with_a_fixed_service_name_is_refused_at_the_template_s_line() -> None:
    fixed = CHART["templates/service.yaml"].replace("{{ .Release.Name }}-records", "records")
    objects, (problem,) = chart(**{"templates/service.yaml": fixed})
    assert objects == []
    assert "templates/service.yaml:4: the Service records has a fixed name" in problem


@pytest.mark.usefixtures("helm")
def test_chart_that_helm_refuses_is_told_in_helm_s_words() -> None:
    _, (problem,) = chart(**{"templates/service.yaml": "{{ .Values.missing.deep }}"})
    assert "helm refuses the chart" in problem
    assert "nil pointer" in problem
