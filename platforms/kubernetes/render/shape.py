"""Is an object of the shape that its kind has, as far as it is read and changed here?

The API server knows the whole shape and is asked in a dry run; this keeps a list where a mapping belongs
from becoming anything else than a sentence with file and line. Called by `refusing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render.documents import Document

Path = tuple[str | int, ...]
Shape = Any
"""A dict for a mapping with such fields, a list of one for a list of such items, str for a text."""

_SELECTOR: Shape = {"matchLabels": {}, "matchExpressions": [{"key": str, "values": [str]}]}
_NEAR: Shape = {
    "requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": _SELECTOR}],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": {"labelSelector": _SELECTOR}}],
}
_METADATA: Shape = {"name": str, "labels": {}, "annotations": {}}
_CONTAINER: Shape = {
    "name": str,
    "image": str,
    "env": [{"name": str}],
    "envFrom": [{}],
    "ports": [{}],
    "volumeMounts": [{}],
}
_POD: Shape = {
    "metadata": {"labels": {}, "annotations": {}},
    "spec": {
        "containers": [_CONTAINER],
        "initContainers": [_CONTAINER],
        "volumes": [{}],
        "imagePullSecrets": [{}],
        "topologySpreadConstraints": [{"labelSelector": _SELECTOR}],
        "affinity": {"podAffinity": _NEAR, "podAntiAffinity": _NEAR},
    },
}
_SHAPES: dict[str, Shape] = {
    "Deployment": {"template": _POD},
    "CronJob": {"jobTemplate": {"metadata": {"labels": {}}, "spec": {"template": _POD}}},
    "Service": {"type": str, "ports": [{}]},
    "HorizontalPodAutoscaler": {"scaleTargetRef": {"kind": str, "name": str}},
    "ExternalSecret": {"target": {"name": str}},
}
_WITHOUT_SPEC = frozenset({"ConfigMap", "ServiceAccount"})


def problems(doc: Document) -> Iterator[str]:
    """Every field that holds something else than its kind has there, and a `spec` that is missing."""
    shape: Shape = {"apiVersion": str, "kind": str, "metadata": _METADATA}
    if doc.kind in names.BY_KIND and doc.kind not in _WITHOUT_SPEC:
        shape = {**shape, "spec": _SHAPES.get(doc.kind, {})}
        if not doc.object.get("spec"):
            yield f"{doc.at('kind')}: this {doc.kind} has no spec."
    if doc.kind == "ConfigMap":
        shape = {**shape, "data": {}, "binaryData": {}}
    for path, wanted in _wrong(doc.object, shape, ()):
        yield f"{doc.at(*path)}: {'.'.join(str(part) for part in path)} must be {wanted}."


def _wrong(value: Any, shape: Shape, path: Path) -> Iterator[tuple[Path, str]]:
    if value is None:
        return
    if shape is str:
        if not isinstance(value, str):
            yield path, "a text (in quotes where it looks like a number)"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield path, "a list"
            return
        for position, item in enumerate(value):
            if item is None:
                yield (*path, position), "a mapping"
            yield from _wrong(item, shape[0], (*path, position))
    elif not isinstance(value, dict):
        yield path, "a mapping"
    else:
        for key, below in shape.items():
            yield from _wrong(value.get(key), below, (*path, key))
