"""What stands around a component's pods: account, configuration, address, size, and who may call it."""

from __future__ import annotations

from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render.parts import Part, labels, owned_name, selector

Object = dict[str, Any]


def service_account(part: Part) -> Object:
    """An identity of its own that may do nothing in the cluster."""
    return _plain(part, names.SERVICE_ACCOUNT, owned_name(part)) | {"automountServiceAccountToken": False}


def config_map(part: Part) -> Object:
    """The configuration, named by its content and never changed."""
    found = _plain(part, names.CONFIG_MAP, part.config_name)
    return found | {"immutable": True, "data": dict(sorted(part.config_data.items()))}


def mounted_files(part: Part) -> Object | None:
    """The files that the pod finds at its mount, named by their content and never changed."""
    if part.section.mount is None:
        return None
    found = _plain(part, names.CONFIG_MAP, part.files_name)
    return found | {"immutable": True, "data": dict(sorted(part.section.files.items()))}


def service(part: Part) -> Object:
    """The colour's own address of the component: for the route, for a preview, and for its peers."""
    port = {"name": "http", "port": part.section.port, "targetPort": "http", "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": selector(part), "ports": [port]}
    return part.object(names.SERVICE, owned_name(part), spec)


def autoscaler(part: Part) -> Object | None:
    """Between the component's replicas and its maximum, by processor and memory."""
    wanted = part.section.autoscale
    if wanted is None or part.kind != "http":
        return None
    measures = (("cpu", wanted.cpu_percent), ("memory", wanted.memory_percent))
    metrics = [
        {
            "type": "Resource",
            "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": n}},
        }
        for name, n in measures
        if n
    ]
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": owned_name(part)},
        "minReplicas": part.section.replicas,
        "maxReplicas": wanted.maximum,
        "metrics": metrics,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
    }
    return part.object(names.AUTOSCALER, owned_name(part), spec)


def budget(part: Part) -> Object | None:
    """One pod at a time may be evicted; with a single pod a budget would only block a drain."""
    most = part.section.autoscale.maximum if part.section.autoscale else part.section.replicas
    if part.kind == "schedule" or most < 2:
        return None
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": selector(part)}}
    return part.object(names.BUDGET, owned_name(part), spec)


def network_policy(part: Part) -> Object:
    """Nothing in and nothing out but named peers of the same colour, names to look up, and what is listed."""
    chosen = {k: v for k, v in selector(part).items() if k != names.ROLE}
    spec: Object = {
        "podSelector": {"matchLabels": chosen},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _ingress(part),
        "egress": [*_lookups(), *_egress(part)],
    }
    return part.object(names.NETWORK_POLICY, owned_name(part), spec)


def external_secrets(part: Part) -> list[Object]:
    """One ExternalSecret for each value that an outside store holds."""
    found = []
    for key, reference in sorted(part.section.secrets.items()):
        if not reference.external:
            continue
        name = part.external_name(key)
        remote = {"key": reference.external, "version": part.secret_versions.get(key, "")}
        spec = {
            "secretStoreRef": {"name": reference.store, "kind": "SecretStore"},
            "target": {"name": name, "creationPolicy": "Owner"},
            "refreshPolicy": "CreatedOnce",
            "data": [
                {"secretKey": reference.key or key, "remoteRef": {k: v for k, v in remote.items() if v}}
            ],
        }
        found.append(part.object(names.EXTERNAL_SECRET, name, spec))
    return found


def _ingress(part: Part) -> list[Object]:
    if part.kind != "http":
        return []
    port = [{"protocol": "TCP", "port": part.section.port}]
    peers = [{"podSelector": {"matchLabels": _peer(part, name)}} for name in part.callers]
    rules: list[Object] = [{"from": peers, "ports": port}] if peers else []
    if part.edge:  # the gateway's pods live in another namespace, under labels of its maker
        rules.append({"ports": port})
    return rules


def _egress(part: Part) -> list[Object]:
    rules: list[Object] = [
        {
            "to": [{"podSelector": {"matchLabels": _peer(part, name)}}],
            "ports": [{"protocol": "TCP", "port": port}],
        }
        for name, port in part.callees
    ]
    for peer in part.section.egress:
        rule: Object = {"to": [{"ipBlock": {"cidr": peer.cidr}}]}
        if peer.ports:
            rule["ports"] = [{"protocol": "TCP", "port": port} for port in peer.ports]
        rules.append(rule)
    return rules


def _lookups() -> list[Object]:
    return [{"ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}]


def _peer(part: Part, name: str) -> dict[str, str]:
    return {
        names.ENVIRONMENT: part.place.environment,
        names.COMPONENT: name,
        names.SLOT: names.SLOT_PLACEHOLDER,
    }


def _plain(part: Part, kind: names.Kind, name: str) -> Object:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name, "labels": labels(part)},
    }
