"""A team's own objects made fit for two colours: renamed, labelled, pinned to the digest, or refused.

In come `Document`s, out go objects with the same placeholders as ours, or a sentence with file and
line for each thing that cannot stand twice. Called by `component`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render import refusing
from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.parts import Part, labels, owned_name, selector

Object = dict[str, Any]

REFERENCES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ConfigMap", ("configMapRef", "name")),
    ("ConfigMap", ("configMapKeyRef", "name")),
    ("ConfigMap", ("configMap", "name")),
    ("ServiceAccount", ("serviceAccountName",)),
    ("Deployment", ("scaleTargetRef", "name")),
    ("ExternalSecret", ("secretRef", "name")),
    ("ExternalSecret", ("secretKeyRef", "name")),
    ("ExternalSecret", ("secret", "secretName")),
)
"""Where an object names another one: the kind that is meant, and the keys that end at its name."""


def fit(part: Part, documents: list[Document]) -> tuple[list[Object], list[str]]:
    """The component's objects for any colour, and what cannot be coloured, as sentences."""
    problems = [f"{part.name}: {text}" for text in refusing.problems(part, documents)]
    if problems:
        return [], problems
    renamed = {(doc.kind, doc.name): _name(part, doc, documents) for doc in documents}
    return [_fitted(part, doc, renamed) for doc in documents], []


def _name(part: Part, doc: Document, documents: list[Document]) -> str:
    """The component's own workload and Service get its name: everybody looks for them there."""
    same = [other for other in documents if other.kind == doc.kind]
    if len(same) == 1 and doc.kind in ("Deployment", "CronJob", "Service"):
        return owned_name(part)
    stem = doc.name.replace("hmhp-one-", "").replace("-hmhp-one", "")
    stem = stem.replace("hmhp-one", part.name)
    if not stem.startswith(part.name):
        stem = f"{part.name}-{stem}"
    return f"{names.short(stem, 52)}-{names.SLOT_PLACEHOLDER}"


def _fitted(part: Part, doc: Document, renamed: Mapping[tuple[str, str], str]) -> Object:
    found: Object = copy.deepcopy(doc.object)
    found.pop("status", None)
    metadata = found["metadata"]
    metadata["name"] = renamed[doc.kind, doc.name]
    metadata.pop("namespace", None)
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels(part)}
    _follow(found, renamed)
    spec = found.get("spec") or {}
    if doc.kind == "Deployment":
        size = str(spec.pop("replicas", 1) or 1)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), names.SIZE: size}
        spec["selector"] = {"matchLabels": selector(part)}
        _pod(part, spec["template"])
    elif doc.kind == "CronJob":
        spec.pop("suspend", None)
        spec["concurrencyPolicy"] = "Forbid"
        _pod(part, spec["jobTemplate"]["spec"]["template"])
    elif doc.kind == "Service":
        spec["selector"] = selector(part)
    elif doc.kind == "PodDisruptionBudget":
        spec["selector"] = {"matchLabels": selector(part)}
    elif doc.kind == "NetworkPolicy":
        chosen = {k: v for k, v in selector(part).items() if k != names.ROLE}
        spec["podSelector"] = {"matchLabels": chosen}
    return found


def _pod(part: Part, template: Object) -> None:
    """Labels, the approved digest in the component's own container, and the colour's addresses."""
    metadata = template.setdefault("metadata", {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels(part)}
    container = refusing.own_container(part, template["spec"]["containers"])
    container["image"] = _image(part, str(container.get("image") or ""))
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


def _image(part: Part, written: str) -> str:
    """The image that the file names, by the digest that was approved."""
    name = part.section.image or written or f"{part.place.images}/{part.name}"
    name = name.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{part.artifact}"


def _follow(value: Any, renamed: Mapping[tuple[str, str], str]) -> None:
    """Let references to objects of the same set lead to their new names."""
    if isinstance(value, list):
        for item in value:
            _follow(item, renamed)
    if not isinstance(value, dict):
        return
    for kind, path in REFERENCES:
        holder = value
        for key in path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None  # type: ignore[assignment]
        name = holder.get(path[-1]) if isinstance(holder, dict) else None
        if isinstance(name, str) and (kind, name) in renamed:
            holder[path[-1]] = renamed[kind, name]
    for item in value.values():
        _follow(item, renamed)
