"""The pod that a component runs in, hardened, and the Deployment or CronJob around it."""

from __future__ import annotations

import json
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render.parts import Part, labels, owned_name, secret_notes, selector
from platforms.kubernetes.render.section import Probe, Section

Object = dict[str, Any]
DRAIN_PAUSE = 5
"""Seconds between "take no more requests" and the signal to end: the route's followers need them."""


def deployment(part: Part) -> Object:
    """What runs an http component or a worker; its size is not part of the content."""
    zero_down = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}
    workers = {"type": "Recreate"}  # two pods of one worker never hold the same job in an update
    spec: Object = {
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": 600,
        "strategy": zero_down if part.kind == "http" else workers,
        "selector": {"matchLabels": selector(part)},
        "template": template(part),
    }
    size = {names.SIZE: str(part.section.replicas)}
    if part.section.sizes:
        size[names.TIMES] = json.dumps([dict(entry) for entry in part.section.sizes], sort_keys=True)
    return part.object(names.DEPLOYMENT, owned_name(part), spec, annotations=size)


def cron_job(part: Part) -> Object:
    """What runs a schedule; it stands still until its colour has the background work."""
    pod = template(part)
    pod["spec"]["restartPolicy"] = "Never"
    spec: Object = {
        "schedule": part.section.schedule or "*/5 * * * *",
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 120,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 2,
        "jobTemplate": {"metadata": {"labels": labels(part)}, "spec": {"backoffLimit": 0, "template": pod}},
    }
    return part.object(names.CRON_JOB, owned_name(part), spec)


def template(part: Part) -> Object:
    """The pod of a component."""
    section = part.section
    annotations = {**section.annotations, **secret_notes(part), **_vault(section)}
    spec: Object = {
        "serviceAccountName": owned_name(part),
        "automountServiceAccountToken": bool(_vault(section)),
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _grace(part),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": section.run_as_user,
            "runAsGroup": section.run_as_user,
            "fsGroup": section.run_as_user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(part)],
        "volumes": _volumes(part),
        "topologySpreadConstraints": _spread(part),
        "affinity": _apart(part),
    }
    if section.image_pull_secret:
        spec["imagePullSecrets"] = [{"name": section.image_pull_secret}]
    metadata = {"labels": labels(part)} | ({"annotations": annotations} if annotations else {})
    return {"metadata": metadata, "spec": spec}


def _container(part: Part) -> Object:
    section = part.section
    container: Object = {
        "name": part.name,
        "image": part.image,
        "imagePullPolicy": "IfNotPresent",
        "env": _environment(part),
        "envFrom": [{"configMapRef": {"name": part.config_name}}],
        "resources": {k: dict(v) for k, v in section.resources.model_dump().items() if v},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": _mounts(section),
    }
    if section.command:
        container["command"] = list(section.command)
    if section.args:
        container["args"] = list(section.args)
    if part.kind == "http":
        container["ports"] = [{"name": "http", "containerPort": section.port, "protocol": "TCP"}]
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": DRAIN_PAUSE}}}
    if part.kind != "schedule":
        container |= _probes(part)
    return container


def _volumes(part: Part) -> list[Object]:
    found: list[Object] = [
        {"name": f"writable-{n}", "emptyDir": {}} for n, _ in enumerate(part.section.writable)
    ]
    if part.section.mount:
        found.append({"name": "files", "configMap": {"name": part.files_name}})
    return found


def _mounts(section: Section) -> list[Object]:
    found: list[Object] = [
        {"name": f"writable-{n}", "mountPath": path} for n, path in enumerate(section.writable)
    ]
    if section.mount:
        found.append({"name": "files", "mountPath": section.mount.path, "readOnly": True})
    return found


def _environment(part: Part) -> list[Object]:
    """What differs between pods, what the platform tells, and secrets by reference."""
    told = {
        "PORT": str(part.section.port),
        "ENVIRONMENT": part.place.environment,
        "REGION": names.REGION_PLACEHOLDER,
        "SLOT": names.SLOT_PLACEHOLDER,
        "RELEASE": names.RELEASE_PLACEHOLDER,
        **part.addresses,
    }
    found: list[Object] = [{"name": key, "value": value} for key, value in sorted(told.items())]
    for key, reference in sorted(part.section.secrets.items()):
        if reference.vault:
            continue
        name = reference.secret or part.external_name(key)
        source = {"secretKeyRef": {"name": name, "key": reference.key or key}}
        found.append({"name": key, "valueFrom": source})
    return found


def _vault(section: Section) -> dict[str, str]:
    """Annotations for Vault's agent, which writes the value into the pod; no value passes through us."""
    paths = {key: ref.vault for key, ref in section.secrets.items() if ref.vault}
    if not paths:
        return {}
    prefix = "vault.hashicorp.com/agent-inject"
    return {prefix: "true"} | {f"{prefix}-secret-{key}": path for key, path in sorted(paths.items())}


def _probes(part: Part) -> Object:
    probes, found = part.section.probes, {}
    readiness = probes.readiness or (Probe() if part.kind == "http" else None)
    for key, probe in (("readiness", readiness), ("liveness", probes.liveness), ("startup", probes.startup)):
        if probe is not None:
            found[f"{key}Probe"] = _probe(probe)
    return found


def _probe(probe: Probe) -> Object:
    if probe.command:
        how: Object = {"exec": {"command": list(probe.command)}}
    elif probe.path:
        how = {"httpGet": {"path": probe.path, "port": "http"}}
    else:
        how = {"tcpSocket": {"port": "http"}}
    times = {"periodSeconds": probe.period_seconds, "timeoutSeconds": probe.timeout_seconds}
    return {**how, **times, "failureThreshold": probe.failures}


def _grace(part: Part) -> int:
    """From the request to end until the kill: the pause, and what a connection or a job may still take."""
    if part.kind == "http":
        return DRAIN_PAUSE + max(part.drain_seconds, part.section.stop_seconds)
    return max(1, part.section.stop_seconds)


def _spread(part: Part) -> list[Object]:
    keys = ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector(part)},
        }
        for key in keys
    ]


def _apart(part: Part) -> Object:
    """Off the other colour's nodes where there is room: blue must not suffer from green's start."""
    others = [
        {"key": names.COMPONENT, "operator": "In", "values": [part.name]},
        {"key": names.SLOT, "operator": "NotIn", "values": [names.SLOT_PLACEHOLDER]},
    ]
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchExpressions": others}}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
