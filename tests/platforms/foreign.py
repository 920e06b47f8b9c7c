"""Charts and manifests as teams write them, each as small as its trait allows; for tests of rendering."""

from __future__ import annotations

import os
from typing import Any

import pytest

from platforms.kubernetes.render import Place, render, sources
from tests.cluster import binaries

DIGEST = "sha256:" + "a" * 64
Objects = list[dict[str, Any]]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: registry.example/team/api:1.2.3
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: api}
  ports: [{port: 8080}]
"""


def manifests(*texts: str, kind: str = "http", **section: Any) -> tuple[Objects, list[str]]:
    """These texts, each a file, as the component `records`."""
    files = {f"{number}.yaml": text for number, text in enumerate(texts, 1)}
    return component({"manifests": "k8s", "files": files, **section}, kind)


def component(section: dict[str, Any], kind: str = "http", **entry: Any) -> tuple[Objects, list[str]]:
    """The component `records` with that section, beside `web` in the short form."""
    given = {"kind": kind, "artifact": DIGEST, "manifest": {"kubernetes": section}, **entry}
    web = {"kind": "http", "artifact": DIGEST, "manifest": {}}
    objects, problems = render({"records": given, "web": web}, Place("production", "registry.example/hmhp"))
    return objects.get("records", []), problems


def deployment(objects: Objects) -> dict[str, Any]:
    """The Deployment among these."""
    return next(item for item in objects if item["kind"] == "Deployment")


def pod(objects: Objects) -> dict[str, Any]:
    """The pod of the Deployment."""
    found: dict[str, Any] = deployment(objects)["spec"]["template"]["spec"]
    return found


HELPERS = """\
{{- define "api.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- define "api.chosen" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "api.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{ include "api.chosen" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
"""
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.4.0\nappVersion: '9'\n",
    "values.yaml": ("image: {repository: registry.example/team/api, tag: ''}\nfullnameOverride: ''\n"),
    "templates/_helpers.tpl": HELPERS,
    "templates/NOTES.txt": "Thank you for installing {{ .Chart.Name }}.\n",
    "templates/service.yaml": """\
apiVersion: v1
kind: Service
metadata:
  name: {{ include "api.fullname" . }}
  labels: {{- include "api.labels" . | nindent 4 }}
spec:
  selector: {{- include "api.chosen" . | nindent 4 }}
  ports:
    - {name: grpc, port: 9090, targetPort: grpc}
    - {name: http, port: 80, targetPort: http}
""",
    "templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "api.fullname" . }}-config
data:
  application.yml: |
    self: http://{{ include "api.fullname" . }}:80/
    namespace: {{ .Release.Namespace }}
""",
    "templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "api.fullname" . }}
  labels: {{- include "api.labels" . | nindent 4 }}
spec:
  selector:
    matchLabels: {{- include "api.chosen" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "api.chosen" . | nindent 8 }}
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
    spec:
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "api.chosen" . | nindent 14 }}
      initContainers:
        - name: migrate
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          args: ["--config-map={{ include "api.fullname" . }}-config", "--cluster={{ .Release.Name }}"]
          ports:
            - {name: http, containerPort: 8081}
            - {name: grpc, containerPort: 9090}
          volumeMounts: [{name: all, mountPath: /etc/api}]
      volumes:
        - name: all
          projected:
            sources:
              - configMap: {name: {{ include "api.fullname" . }}-config}
""",
    "templates/tests/connection.yaml": """\
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "api.fullname" . }}-test
  annotations: {helm.sh/hook: test}
spec:
  containers: [{name: wget, image: busybox, args: ['{{ include "api.fullname" . }}:80']}]
""",
}


def chart(
    files: dict[str, str] | None = None, values: dict[str, Any] | None = None, **section: Any
) -> tuple[Objects, list[str]]:
    """The chart with some files changed or added, as the component `records`."""
    given = {"chart": "charts/api", "files": {**CHART, **(files or {})}, "values": values or {}, **section}
    return component(given)


@pytest.fixture
def helm(monkeypatch: pytest.MonkeyPatch) -> None:
    """helm as the control plane's cache or the machine has it."""
    found = binaries._program("helm", [binaries.cache()])
    if found is None:
        pytest.skip("needs helm on the PATH, or built by python -m tests.cluster.binaries")
    monkeypatch.setattr(sources, "HELM", os.fspath(found))
