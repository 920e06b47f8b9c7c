"""What of a team's own objects cannot stand in two colours at once, with file, line and what to do.

Called by `fitting` before it changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render import calling, keeping, podding, shape
from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.parts import Part

ALLOWED = {kind.kind: kind for kind in names.COLOURED}
GRANT = (
    "it belongs to the cluster or has no colour; deploy it apart from the release, for a ServiceAccount that "
    "is deployed apart too, since a colour's own has another name each time"
)
EXTERNAL_DNS = "external-dns.alpha.kubernetes.io/"
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
    **dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), GRANT),
}


def problems(part: Part, documents: list[Document]) -> Iterator[str]:
    """Every reason not to colour these objects."""
    known: list[Document] = []
    for doc in documents:
        found = list(_foreign(doc)) or list(shape.problems(doc))
        yield from found
        if not found:
            known.append(doc)
    for doc in known:
        yield from _metadata(doc)
        yield from keeping.problems(doc)
        if doc.kind == "Service":
            yield from _service(doc)
        if doc.kind in ("Deployment", "CronJob"):
            yield from podding.problems(part, doc)
        if doc.kind == "HorizontalPodAutoscaler":
            yield from _autoscaler(doc, known)
    yield from _counted(part, documents)
    yield from _twice(known)
    yield from calling.problems(part, known)


def _foreign(doc: Document) -> Iterator[str]:
    """What no colour can be made of: by its kind, or by a version of it that is not ours."""
    version = doc.object.get("apiVersion")
    if not version:
        yield f"{doc.at('kind')}: this {doc.kind} has no apiVersion."
        return
    kind = ALLOWED.get(doc.kind)
    if kind is not None and version == kind.api_version:
        return
    group = str(version).rpartition("/")[0]
    if kind is None or (group != kind.group and group != "extensions"):
        why = "it belongs to the cluster or has no colour; deploy it apart from the release"
        what = doc.kind if kind is None else f"{doc.kind} of {version}"
        yield f"{doc.at('kind')}: {_a(what)} cannot be coloured: {INSTEAD.get(what, why)}."
        return
    yield f"{doc.at('apiVersion')}: {_a(doc.kind)} is written as {kind.api_version} here, not as {version}."


def _a(kind: str) -> str:
    return f"{'an' if kind[:1] in 'AEIO' else 'a'} {kind}"


def _metadata(doc: Document) -> Iterator[str]:
    metadata = doc.object.get("metadata") or {}
    if not metadata.get("name"):
        yield f"{doc.at('metadata')}: this {doc.kind} has no name of its own."
    if metadata.get("ownerReferences"):
        where = doc.at("metadata", "ownerReferences")
        yield f"{where}: it goes when its owner goes, whatever it serves; leave the owner out."
    if any(str(key).startswith("helm.sh/hook") for key in metadata.get("annotations") or {}):
        where = doc.at("metadata", "annotations")
        yield f"{where}: helm's hooks are not run; name the command under the component's jobs."


def _service(doc: Document) -> Iterator[str]:
    spec = doc.object["spec"]
    if spec.get("type", "ClusterIP") != "ClusterIP":
        yield (
            f"{doc.at('spec', 'type')}: a Service of type {spec['type']} takes traffic past the route; "
            "make it ClusterIP and the component an edge component."
        )
    elif not spec.get("ports"):
        yield f"{doc.at('spec')}: this Service has no ports, so that nobody could call it."
    for key in ("clusterIP", "clusterIPs", "externalIPs"):
        if spec.get(key) not in (None, "", "None", [], ["None"]):
            yield f"{doc.at('spec', key)}: a fixed {key} cannot be had twice; leave it out."
    for key in (doc.object.get("metadata") or {}).get("annotations") or {}:
        if str(key).startswith(EXTERNAL_DNS):
            yield (
                f"{doc.at('metadata', 'annotations', key)}: both colours would have this host name, past the "
                "route; put it on the Gateway, or name it in the target's hostnames."
            )
    for position, port in enumerate(spec.get("ports") or []):
        if port.get("nodePort"):
            where = doc.at("spec", "ports", position, "nodePort")
            yield f"{where}: a fixed nodePort cannot be had twice; leave it out."


def _autoscaler(doc: Document, known: list[Document]) -> Iterator[str]:
    """One that scales something else would scale it in no colour, or in both."""
    aim: dict[str, Any] = doc.object["spec"].get("scaleTargetRef") or {}
    if not any(other.kind == "Deployment" and other.name == aim.get("name") for other in known) or (
        aim.get("kind") != "Deployment"
    ):
        where = doc.at("spec", "scaleTargetRef", "name")
        yield (
            f"{where}: it scales {aim.get('kind')} {aim.get('name')}, which is not the Deployment of this "
            "component; name that one, or deploy the autoscaler apart from the release."
        )


def _counted(part: Part, documents: list[Document]) -> Iterator[str]:
    """One workload, and for an http component one Service, so that everybody knows what is meant."""
    wanted = "CronJob" if part.kind == "schedule" else "Deployment"
    found = [doc for doc in documents if doc.kind in ("Deployment", "CronJob")]
    article = "an" if part.kind == "http" else "a"
    if [doc.kind for doc in found] != [wanted]:
        there = ", ".join(f"{doc.kind} {doc.name} ({doc.at('kind')})" for doc in found) or "none"
        more = "; make each of them a component of its own" if len(found) > 1 else ""
        yield f"{article} {part.kind} component has exactly one {wanted}; there is: {there}{more}."
    services = [doc for doc in documents if doc.kind == "Service"]
    if part.kind == "http" and len(services) != 1:
        there = ", ".join(f"{doc.name} ({doc.at('kind')})" for doc in services) or "none"
        yield (
            f"an http component has exactly one Service; there is: {there}. Several ports may stand in one; "
            "what has no port to call is a worker."
        )


def _twice(known: list[Document]) -> Iterator[str]:
    """Of two objects of one name the second would silently replace the first."""
    first: dict[tuple[str, str], Document] = {}
    for doc in known:
        other = first.setdefault((doc.kind, doc.name), doc)
        if other is not doc:
            yield (
                f"{doc.at('metadata', 'name')}: there is another {doc.kind} {doc.name} at "
                f"{other.at('metadata', 'name')}; one of them would replace the other."
            )
