"""Which port a component is called at, where a chart or manifests say it: others must be told it.

Called by `component` for the addresses and the rules of its callers, and by `fitting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.section import Section


@dataclass(frozen=True, slots=True)
class Port:
    """The port of the component's Service, and the one of its pods behind it."""

    service: int
    pod: int


def of(section: Section, documents: Sequence[Document]) -> Port:
    """As the component's own Service says; `port` of the section where there is nothing to read."""
    service = next((doc for doc in documents if doc.kind == "Service"), None)
    listed = _list(_mapping(service.object.get("spec")).get("ports")) if service else []
    if not listed:
        return Port(section.port, section.port)
    port = chosen(section, listed)
    number = port.get("port")
    at = number if isinstance(number, int) else section.port
    return Port(at, _of_pod(port.get("targetPort", at), documents) or at)


def chosen(section: Section, listed: Sequence[Any]) -> Mapping[str, Any]:
    """Of several ports: the one that the section names, else the one named `http`, else the first."""
    found = [port for port in listed if isinstance(port, Mapping)]
    if "port" in section.model_fields_set:
        named = [port for port in found if section.port in (port.get("port"), port.get("targetPort"))]
        if named:
            return named[0]
    return next((port for port in found if port.get("name") == "http"), found[0] if found else {})


def _of_pod(target: Any, documents: Sequence[Document]) -> int | None:
    if isinstance(target, int):
        return target
    workload = next((doc.object for doc in documents if doc.kind == "Deployment"), {})
    pod = _mapping(_mapping(_mapping(workload.get("spec")).get("template")).get("spec"))
    for container in _list(pod.get("containers")):
        for port in _list(_mapping(container).get("ports")):
            if _mapping(port).get("name") == target and isinstance(port.get("containerPort"), int):
                return int(port["containerPort"])
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
