"""A team's own objects made fit for two colours: renamed, labelled, pinned to the digest, or refused.

In come `Document`s, out go objects with the same placeholders as ours, or a sentence with file and
line for each thing that cannot stand twice. Called by `component`.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render import ports, refusing
from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.following import Renamed, follow, names_of, released
from platforms.kubernetes.render.parts import Part, labels, secret_notes, selector
from platforms.kubernetes.render.podding import own_container, repository

Object = dict[str, Any]


OF_THE_CLUSTER = (
    "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"
)  # fmt: skip
"""What stands in an object that was copied out of a cluster, and is another's identity in ours."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def fit(part: Part, documents: list[Document]) -> tuple[list[Object], list[str]]:
    """The component's objects for any colour, and what cannot be coloured, as sentences."""
    problems = [f"{part.name}: {text}" for text in refusing.problems(part, documents)]
    if problems:
        return [], problems
    renamed = names_of(part, documents)
    return [_fitted(part, doc, renamed) for doc in documents], []


def _fitted(part: Part, doc: Document, renamed: Renamed) -> Object:
    found: Object = copy.deepcopy(doc.object)
    found.pop("status", None)
    metadata = found["metadata"]
    metadata["name"] = renamed[doc.kind, doc.name]
    for key in OF_THE_CLUSTER:
        metadata.pop(key, None)
    (metadata.get("annotations") or {}).pop(LAST_APPLIED, None)
    follow(found, renamed)
    if part.section.form == "chart":
        found = released(found, part, renamed)
        metadata = found["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels(part)}
    spec = found.get("spec") or {}
    if doc.kind == "Deployment":
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **_size(part, spec)}
        spec["selector"] = {"matchLabels": selector(part)}
        _pod(part, spec["template"])
    elif doc.kind == "CronJob":
        spec.pop("suspend", None)
        spec["concurrencyPolicy"] = "Forbid"
        job = spec["jobTemplate"]
        job["metadata"] = _labelled(part, job.get("metadata") or {})
        _pod(part, job["spec"]["template"])
    elif doc.kind == "Service":
        spec["selector"] = selector(part)
        first = ports.chosen(part.section, spec["ports"])
        spec["ports"] = [first, *(port for port in spec["ports"] if port is not first)]
    elif doc.kind == "PodDisruptionBudget":
        spec["selector"] = {"matchLabels": selector(part)}
    elif doc.kind == "NetworkPolicy":
        chosen = {k: v for k, v in selector(part).items() if k != names.ROLE}
        spec["podSelector"] = {"matchLabels": chosen}
    elif doc.kind == "ExternalSecret":
        spec["target"] = {**(spec.get("target") or {}), "name": metadata["name"]}
    return found


def _size(part: Part, spec: Object) -> dict[str, str]:
    """How many pods it wants, which is no part of a content, and when it wants another number of them."""
    found = {names.SIZE: str(spec.pop("replicas", 1) or 1)}
    if part.section.sizes:
        found[names.TIMES] = json.dumps([dict(entry) for entry in part.section.sizes], sort_keys=True)
    return found


def _labelled(part: Part, metadata: Object) -> Object:
    return {**metadata, "labels": {**(metadata.get("labels") or {}), **labels(part)}}


def _pod(part: Part, template: Object) -> None:
    """Labels, the approved digest in the component's own container, and the colour's addresses."""
    written = (template.get("metadata") or {}).get("labels") or {}
    metadata = template["metadata"] = _labelled(part, template.get("metadata") or {})
    pod = template["spec"]
    container = own_container(part, pod["containers"])
    assert container is not None  # else it was refused
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        **secret_notes(part),
        names.DEFAULT_CONTAINER: container["name"],
    }
    _choose_own_pods(part, pod, written)
    _pin(part, pod, container)
    known = {item.get("name") for item in container.get("env") or []}
    told = {
        "REGION": names.REGION_PLACEHOLDER,
        "SLOT": names.SLOT_PLACEHOLDER,
        "RELEASE": names.RELEASE_PLACEHOLDER,
        **part.addresses,
        **part.config_data,
    }
    extra = [{"name": k, "value": v} for k, v in sorted(told.items()) if k not in known]
    container["env"] = [*(container.get("env") or []), *extra]


def _pin(part: Part, pod: Object, own: Object) -> None:
    """The approved digest, wherever the component's image is: what prepares a pod is often the same one."""
    written = repository(str(own.get("image") or ""))
    name = repository(part.section.image or written or f"{part.place.images}/{part.name}")
    for container in [*(pod.get("initContainers") or []), *pod["containers"]]:
        if container is own or (written and repository(str(container.get("image") or "")) == written):
            container["image"] = f"{name}@{part.artifact}"


def _choose_own_pods(part: Part, value: Any, written: Object) -> None:
    """Spreading and keeping apart are meant for these pods, which have other labels now."""
    if isinstance(value, list):
        for item in value:
            _choose_own_pods(part, item, written)
    if not isinstance(value, dict):
        return
    chosen = value.get("labelSelector")
    if isinstance(chosen, dict) and _chooses(chosen, written):
        value["labelSelector"] = {"matchLabels": selector(part)}
    for item in value.values():
        _choose_own_pods(part, item, written)


def _chooses(chosen: Object, written: Object) -> bool:
    wanted = [(key, [value]) for key, value in (chosen.get("matchLabels") or {}).items()]
    for each in chosen.get("matchExpressions") or []:
        if each.get("operator") != "In":
            return False
        wanted.append((each.get("key"), each.get("values") or []))
    return bool(wanted) and all(written.get(key) in values for key, values in wanted)
