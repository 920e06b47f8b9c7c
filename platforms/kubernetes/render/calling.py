"""Names inside of texts: which of them lead out of the colour, or to nothing at all.

Called by `refusing` for a team's own objects, and by `component` for configuration of the short form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from platforms.kubernetes.render import keeping
from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.parts import Part
from platforms.kubernetes.render.sources import RELEASE_NAMES

Path = tuple[str | int, ...]
RELEASE = RELEASE_NAMES[0]
REFERENCES = frozenset(
    {"configMap", "configMapRef", "configMapKeyRef", "secret", "secretRef", "secretKeyRef"}
)
"""Keys whose `name` is that of another object."""

_MADE = re.compile(rf"[a-z0-9-]*{RELEASE}[a-z0-9-]*")


def calls(text: str, service: str) -> bool:
    """Does this text call the Service by that name: as a URL, with a port, or by its name in the cluster?"""
    name = re.escape(service)
    return bool(
        re.search(
            rf"://(?:[^\s/@]*@)?{name}{_INSIDE}(?::\d+)?(?![\w.@:-])"
            rf"|(?<![\w./:-]){name}(?:{_INSIDE}:\d+(?![\w.-])|\.[a-z0-9-]+\.svc\b)",
            text,
        )
    )


_INSIDE = r"(?:\.[a-z0-9-]+(?:\.svc(?:\.[a-z0-9.-]+)?)?)?"
"""What a name may have behind it and still mean the cluster's own: its namespace, and more."""


def problems(part: Part, documents: list[Document]) -> Iterator[str]:
    """Texts that call a component past its colour, and names that no object of these has."""
    services = {doc.name for doc in documents if doc.kind == "Service"} | set(part.services)
    fixed = sorted(name for name in services if RELEASE not in name)
    known = {doc.name for doc in documents} | {secret_of(doc) for doc in documents}
    for doc in documents:
        for path, text in _texts(doc.object, ()):
            if path[0] == "metadata" or path[-1] == "image" or "annotations" in path or "labels" in path:
                continue
            for name in fixed:
                if calls(text, name):
                    yield f"{doc.at(*path)}: {sentence(text, name)}"
            for name in _MADE.findall(text):
                if name not in {RELEASE, *known} and (_refers(path) or calls(text, name)):
                    yield (
                        f"{doc.at(*path)}: {name} is made of the release's name ({RELEASE} here), and the "
                        "chart makes no such object; give the name that is meant by a value."
                    )


def sentence(text: str, service: str) -> str:
    """What is wrong with a text that calls that Service."""
    variable = f"{service.upper().replace('-', '_')}_URL"
    return (
        f"“{keeping.hidden(text).strip()[:80]}” calls the Service {service} by a name without colour; the "
        f"address of each component is in its NAME_URL variable, such as {variable}."
    )


def _refers(path: Path) -> bool:
    """Would Kubernetes look for an object of this name?"""
    if path[-1] in ("secretName", "serviceAccountName", "serviceAccount"):
        return True
    above = next((key for key in reversed(path[:-1]) if isinstance(key, str)), "")
    return path[-1] == "name" and (above in REFERENCES or above == "imagePullSecrets" or _is_source(path))


def _is_source(path: Path) -> bool:
    return len(path) > 3 and path[-3] == "sources" and path[-2] in ("configMap", "secret")


def secret_of(doc: Document) -> str:
    """The Secret that an ExternalSecret makes."""
    target = (doc.object.get("spec") or {}).get("target") if doc.kind == "ExternalSecret" else None
    return str((target or {}).get("name") or doc.name)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, (*path, position))
