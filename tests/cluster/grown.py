"""What a team has put into a namespace by itself, long before there was a portal."""

from __future__ import annotations

from typing import Any

from tests.cluster.conftest import Namespace, eventually

REGISTRY = "registry.example/team"
DIGESTS = {"web": "sha256:" + "1" * 64, "records": "sha256:" + "2" * 64, "mailer": "sha256:" + "3" * 64}


def deployment(
    component: str,
    *,
    name: str = "",
    labels: dict[str, str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A Deployment as teams write them: two pods, chosen by the label `app` unless `labels` say otherwise."""
    chosen = labels or {"app": component}
    image = f"{REGISTRY}/{component}@{DIGESTS[component]}"
    container = {"name": "app", "image": image, "ports": [{"containerPort": 3000}]}
    told = {"app": component, "app.kubernetes.io/version": "2026.9.4"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name or component, "labels": told, **(metadata or {})},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": chosen},
            "template": {"metadata": {"labels": chosen}, "spec": {"containers": [container]}},
        },
    }


def cron_job(component: str, schedule: str = "0 3 * * *") -> dict[str, Any]:
    """A CronJob as teams write them, of an image by digest."""
    pod = deployment(component)["spec"]["template"]
    pod["spec"]["restartPolicy"] = "Never"
    spec = {"schedule": schedule, "jobTemplate": {"spec": {"template": pod}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": component}, "spec": spec}


def service(name: str, **selector: str) -> dict[str, Any]:
    """A Service on port 80."""
    spec = {"selector": selector or {"app": name}, "ports": [{"port": 80, "targetPort": 3000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def route(name: str, *backends: str) -> dict[str, Any]:
    """An HTTPRoute with a match and a filter of the team's own."""
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [
            {
                "type": "RequestHeaderModifier",
                "requestHeaderModifier": {"set": [{"name": "x-team", "value": "a"}]},
            }
        ],
        "backendRefs": [{"name": backend, "port": 80} for backend in backends],
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name},
        "spec": {"parentRefs": [{"name": "edge", "namespace": "gateways"}], "rules": [rule]},
    }


def autoscaler(name: str) -> dict[str, Any]:
    """Between two and five pods."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 5},
    }


def platform() -> list[dict[str, Any]]:
    """The usual three components, with what stands around them."""
    return [
        *(deployment(name) for name in DIGESTS),
        *(service(name) for name in ("web", "records")),
        autoscaler("web"),
        route("web", "web"),
    ]


def put(space: Namespace, *objects: dict[str, Any]) -> None:
    """Have these objects, made by the team's own tool, with every pod ready."""
    for item in objects:
        version = item["apiVersion"]
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        plural = f"{item['kind'].lower()}s"
        path = f"{root}/namespaces/{space.name}/{plural}?fieldManager=kubectl-create"
        space.plane.call("POST", path, item)
    eventually(lambda: settled(space), 60)


def settled(space: Namespace) -> bool:
    """Is every Deployment whole, and has the gateway answered for every route?"""
    for item in space.get("apps/v1/deployments")["items"]:
        status = item["status"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas")]
        if (
            counts != [item["spec"]["replicas"]] * 3
            or status.get("observedGeneration") != item["metadata"]["generation"]
        ):
            return False
    routes = space.get("gateway.networking.k8s.io/v1/httproutes")["items"]
    return all((item.get("status") or {}).get("parents") for item in routes)


def untouched(space: Namespace) -> dict[str, Any]:
    """What must be the same before and after: every pod, every ReplicaSet, each Deployment's own words."""
    return {
        "pods": sorted(item["metadata"]["uid"] for item in space.get("v1/pods")["items"]),
        "sets": sorted(item["metadata"]["uid"] for item in space.get("apps/v1/replicasets")["items"]),
        "generations": {
            item["metadata"]["name"]: (item["metadata"]["generation"], item["spec"]["template"])
            for item in space.get("apps/v1/deployments")["items"]
        },
    }
