"""Helm charts of many a style: coloured as they mean it, or refused at the line that people edit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from platforms.kubernetes import names
from platforms.kubernetes.render import files, sources
from tests.platforms.foreign import CHART, DIGEST, chart, component, deployment, helm, pod

__all__ = ["helm"]
pytestmark = pytest.mark.usefixtures("helm")
OWN = f"records-{names.SLOT_PLACEHOLDER}"
CONFIG = f"records-api-config-{names.SLOT_PLACEHOLDER}"


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The one object of that kind."""
    (found,) = [item for item in objects if item["kind"] == kind]
    return found


def test_nothing_of_the_names_it_was_rendered_under_is_left() -> None:
    objects, problems = chart()
    assert problems == []
    assert not any(name in json.dumps(objects) for name in sources.RELEASE_NAMES)
    labels = deployment(objects)["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/instance"] == OWN


def test_same_chart_is_the_same_text_each_time() -> None:
    assert json.dumps(chart()) == json.dumps(chart())


def test_helm_is_asked_once_for_one_chart_however_many_digests_come(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda *words, **more: (asked.append(words), ask(*words, **more))[1]
    )
    sources._texts.cache_clear()
    for digest in ("a", "b"):
        component({"chart": "charts/api", "files": CHART}, artifact=f"sha256:{digest * 64}")
    assert len(asked) == 3
    chart(values={"image": {"tag": "7"}})
    assert len(asked) == 6


def test_names_within_texts_lead_to_the_colour() -> None:
    objects, _ = chart()
    text = of_kind(objects, "ConfigMap")["data"]["application.yml"]
    assert f"self: http://{OWN}:80/" in text
    assert f"namespace: {names.NAMESPACE_PLACEHOLDER}" in text
    container = pod(objects)["containers"][0]
    assert container["args"] == [f"--config-map={CONFIG}", f"--cluster={OWN}"]
    assert pod(objects)["volumes"][0]["projected"]["sources"][0]["configMap"]["name"] == CONFIG
    assert of_kind(objects, "ConfigMap")["metadata"]["name"] == CONFIG


def test_name_with_a_dot_is_no_pattern() -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-a.b'}\n"
    objects, problems = chart(
        {"templates/dotted.yaml": config, **with_env("[{name: A, value: '{{ .Release.Name }}-a-b'}]")}
    )
    assert problems == []
    assert pod(objects)["containers"][0]["env"][0]["value"] == f"{OWN}-a-b"


def test_every_use_of_its_image_is_the_approved_digest() -> None:
    objects, _ = chart()
    found = pod(objects)
    images = {c["image"] for c in (*found["containers"], *found["initContainers"])}
    assert images == {f"registry.example/team/api@{DIGEST}"}


def test_named_port_is_the_one_that_is_called() -> None:
    objects, _ = chart()
    assert of_kind(objects, "Service")["spec"]["ports"][0]["port"] == 80
    told = {item["name"]: item.get("value") for item in pod(objects)["containers"][0]["env"]}
    assert told["RECORDS_URL"] == f"http://{OWN}:80"
    other, _ = chart(port=9090)
    assert of_kind(other, "Service")["spec"]["ports"][0]["name"] == "grpc"


def test_values_differ_by_environment() -> None:
    section = {
        "chart": "c",
        "files": CHART,
        "environments": {"production": {"values": {"image": {"tag": "7"}}}},
    }
    objects, problems = component(section)
    assert problems == []
    assert pod(objects)["containers"][0]["image"] == f"registry.example/team/api@{DIGEST}"
    broken, problems = component({**section, "environments": {"production": {"values": {"image": None}}}})
    assert broken == []
    assert "helm refuses the chart" in problems[0]


def test_its_tests_are_not_part_of_what_runs() -> None:
    assert {item["kind"] for item in chart()[0]} == {"ConfigMap", "Service", "Deployment"}


def test_chart_as_helm_creates_it_is_taken_as_it_is(tmp_path: Path) -> None:
    subprocess.run([sources.HELM, "create", "records"], cwd=tmp_path, check=True, capture_output=True)
    made = {"chart": "charts/records", "files": files.read_files(tmp_path / "records")}
    objects, problems = component(made)
    assert problems == []
    assert {item["kind"] for item in objects} == {"ServiceAccount", "Service", "Deployment"}
    scaled, problems = component({**made, "values": {"autoscaling": {"enabled": True}}})
    assert problems == []
    assert of_kind(scaled, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == OWN
    _, problems = component({**made, "values": {"ingress": {"enabled": True}}})
    assert "templates/ingress.yaml:3: an Ingress cannot" in problems[0]


SECRET_OF_NOBODY = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: "{{ .Release.Name }}-login"}
spec: {secretStoreRef: {name: vault}, data: []}
"""


def with_env(text: str) -> dict[str, str]:
    """The Deployment's template with that environment."""
    whole = CHART["templates/deployment.yaml"].replace(
        "          ports:\n", f"          env: {text}\n          ports:\n"
    )
    return {"templates/deployment.yaml": whole}


def test_secret_that_the_chart_makes_by_reference_follows() -> None:
    env = "[{name: A, valueFrom: {secretKeyRef: {name: {{ .Release.Name }}-login, key: a}}}]"
    objects, problems = chart({"templates/secret.yaml": SECRET_OF_NOBODY, **with_env(env)})
    assert problems == []
    made = of_kind(objects, "ExternalSecret")["metadata"]["name"]
    assert pod(objects)["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"] == made


@pytest.mark.parametrize(
    "env",
    [
        "[{name: A, valueFrom: {secretKeyRef: {name: {{ .Release.Name }}-login, key: a}}}]",
        "[{name: A, value: 'postgres://{{ .Release.Name }}-login:5432/api'}]",
    ],
)
def test_name_of_the_release_s_that_leads_to_nothing_is_refused(env: str) -> None:
    _, (problem,) = chart(with_env(env))
    assert "templates/deployment.yaml:28: hmhp-one-login is made of the release's name" in problem


def test_what_is_random_is_refused_at_its_line() -> None:
    _, (problem,) = chart(with_env("[{name: A, value: {{ randAlphaNum 9 | quote }}}]"))
    assert "templates/deployment.yaml:28: this is something else each time" in problem


def test_secret_with_values_is_refused_for_that_alone() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: {{ randAlpha 9 }}}\n"
    _, (problem,) = chart({"templates/secret.yaml": secret})
    assert "templates/secret.yaml:2: a Secret cannot be coloured: values of secrets never pass" in problem


def test_fixed_name_is_told_beside_everything_else() -> None:
    files = {"templates/set.yaml": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\n"}
    _, problems = chart(files, {"fullnameOverride": "records"})
    told = " ".join(problems)
    assert "templates/service.yaml:4: the Service records has a fixed name" in told
    assert "set no fullnameOverride" in told
    assert "templates/set.yaml:2: a StatefulSet cannot be coloured" in told


def test_of_several_objects_in_a_file_the_right_line_is_told() -> None:
    kinds = ("ConfigMap", "Pod", "Pod")
    each = [f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: a{n}}}\n" for n, kind in enumerate(kinds)]
    _, problems = chart({"templates/more.yaml": "---\n".join(each)})
    assert ["templates/more.yaml:6:" in problems[0], "templates/more.yaml:10:" in problems[1]] == [True, True]


def test_hook_is_refused_with_where_its_command_belongs() -> None:
    hook = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {helm.sh/hook: pre-upgrade}\n"
    )
    _, (problem,) = chart({"templates/hook.yaml": hook})
    assert "templates/hook.yaml:5: helm's hooks are not run" in problem


def test_second_deployment_is_told_to_be_a_component() -> None:
    more = CHART["templates/deployment.yaml"].replace(
        'fullname" . }}\n  labels', 'fullname" . }}-b\n  labels', 1
    )
    _, problems = chart({"templates/worker.yaml": more})
    assert "make each of them a component of its own" in problems[0]


def test_subchart_is_told_by_the_folder_that_people_edit() -> None:
    below = {
        "charts/Db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "charts/Db/templates/a.yaml": "\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\n",
    }
    _, problems = chart(below)
    assert "charts/Db/templates/a.yaml:3: a StatefulSet" in problems[0]


def test_chart_that_makes_nothing_says_so() -> None:
    nothing = {path: text for path, text in CHART.items() if not path.startswith("templates/")}
    _, (problem,) = component({"chart": "charts/api", "files": nothing})
    assert "with these values charts/api makes no object" in problem


def test_file_beside_the_chart_is_never_written(tmp_path: Path) -> None:
    _, (problem,) = chart({f"../../..{tmp_path}/out": "x"})
    assert "lies outside of its chart" in problem
    assert list(tmp_path.iterdir()) == []


def test_packed_subchart_is_told_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "db-1.0.0.tgz").write_bytes(b"\x1f\x8b")
    with pytest.raises(OSError, match=r"charts/db-1\.0\.0\.tgz is packed; unpack it in its place"):
        files.read_files(tmp_path)


def test_what_helm_ignores_travels_with_the_chart(tmp_path: Path) -> None:
    (tmp_path / ".helmignore").write_text("*.bak\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    assert set(files.read_files(tmp_path)) == {".helmignore"}
