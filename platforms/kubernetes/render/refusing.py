"""What of a team's own objects cannot stand in two colours at once, with file, line and what to do.

Called by `fitting` before it changes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.parts import Part

ALLOWED = frozenset(kind.kind for kind in names.COLOURED)
INSTEAD = {
    "StatefulSet": "what keeps state cannot run twice on the same data; deploy it apart from the release",
    "DaemonSet": "it would run twice on every node; deploy it apart from the release",
    "PersistentVolumeClaim": "both colours would write to it; keep state outside of the colours",
    "Secret": "values of secrets never pass through the portal; name a Secret, ExternalSecret or Vault path",
    "Ingress": "traffic from outside is moved by the portal; make the component an edge component",
    "HTTPRoute": "traffic from outside is moved by the portal; make the component an edge component",
    "Job": "a step runs it, not the colour; name its command under the component's jobs",
    "Pod": "nothing would start it again; make it a Deployment",
    "Namespace": "it is the cluster's, not a colour's",
}


def problems(part: Part, documents: list[Document]) -> Iterator[str]:
    """Every reason not to colour these objects."""
    for doc in documents:
        if doc.kind not in ALLOWED:
            why = INSTEAD.get(
                doc.kind, "it belongs to the cluster or has no colour; deploy it apart from the release"
            )
            yield f"{doc.at('kind')}: a {doc.kind} cannot be coloured: {why}."
            continue
        yield from _metadata(doc)
        if doc.kind == "Service":
            yield from _service(doc)
        if doc.kind in ("Deployment", "CronJob"):
            yield from _pod(part, doc)
    yield from _counted(part, documents)
    yield from _fixed_addresses(part, documents)


def own_container(part: Part, containers: list[dict[str, Any]]) -> dict[str, Any]:
    """The container that runs the component's artefact: the one named like it, else the first."""
    return next((c for c in containers if c.get("name") == part.name), containers[0])


def _metadata(doc: Document) -> Iterator[str]:
    metadata = doc.object.get("metadata") or {}
    if not metadata.get("name"):
        yield f"{doc.at('metadata')}: this {doc.kind} has no name of its own."
    if any(str(key).startswith("helm.sh/hook") for key in metadata.get("annotations") or {}):
        where = doc.at("metadata", "annotations")
        yield f"{where}: helm's hooks are not run; name the command under the component's jobs."


def _service(doc: Document) -> Iterator[str]:
    spec = doc.object.get("spec") or {}
    if spec.get("type", "ClusterIP") != "ClusterIP":
        yield (
            f"{doc.at('spec', 'type')}: a Service of type {spec['type']} takes traffic past the route; "
            "make it ClusterIP and the component an edge component."
        )
    if spec.get("clusterIP") not in (None, "", "None"):
        yield f"{doc.at('spec', 'clusterIP')}: a fixed clusterIP cannot be had twice; leave it out."
    for position, port in enumerate(spec.get("ports") or []):
        if port.get("nodePort"):
            where = doc.at("spec", "ports", position, "nodePort")
            yield f"{where}: a fixed nodePort cannot be had twice; leave it out."


def _pod(part: Part, doc: Document) -> Iterator[str]:
    path: tuple[str | int, ...] = ("spec", "template", "spec")
    if doc.kind == "CronJob":
        path = ("spec", "jobTemplate", *path)
    pod: Any = doc.object
    for key in path:
        pod = (pod or {}).get(key)
    if not pod or not pod.get("containers"):
        yield f"{doc.at(*path)}: this {doc.kind} has no container."
        return
    if pod.get("hostNetwork"):
        yield f"{doc.at(*path, 'hostNetwork')}: two colours cannot have the node's own ports; leave it out."
    for position, container in enumerate(pod["containers"]):
        for number, port in enumerate(container.get("ports") or []):
            if port.get("hostPort"):
                where = doc.at(*path, "containers", position, "ports", number, "hostPort")
                yield f"{where}: a fixed hostPort cannot be had twice on a node; leave it out."
    for position, volume in enumerate(pod.get("volumes") or []):
        if "persistentVolumeClaim" in volume:
            where = doc.at(*path, "volumes", position)
            yield f"{where}: both colours would write to this volume; keep state outside of the colours."


def _counted(part: Part, documents: list[Document]) -> Iterator[str]:
    """One workload, and for an http component one Service, so that everybody knows what is meant."""
    wanted = "CronJob" if part.kind == "schedule" else "Deployment"
    found = [doc for doc in documents if doc.kind in ("Deployment", "CronJob")]
    if [doc.kind for doc in found] != [wanted]:
        there = ", ".join(f"{doc.kind} {doc.name} ({doc.at('kind')})" for doc in found) or "none"
        yield f"a {part.kind} component has exactly one {wanted}; there is: {there}."
    services = [doc for doc in documents if doc.kind == "Service"]
    if part.kind == "http" and len(services) != 1:
        yield f"an http component has exactly one Service; there are {len(services)}."


def _fixed_addresses(part: Part, documents: list[Document]) -> Iterator[str]:
    """Texts that call one of these Services by its name would leave the colour unseen."""
    for service in (doc for doc in documents if doc.kind == "Service"):
        pattern = re.compile(rf"(?:https?://|@)?\b{re.escape(service.name)}(?:\.[a-z.]+)?:\d+")
        for doc in documents:
            for path, text in _texts(doc.object, ()):
                if path[-1] != "image" and pattern.search(text):
                    yield (
                        f"{doc.at(*path)}: “{text[:80]}” calls the Service {service.name} by a name without "
                        "colour; the address of each component is in its NAME_URL variable."
                    )


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, (*path, position))
