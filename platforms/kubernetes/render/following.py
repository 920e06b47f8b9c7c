"""Names that lead from one object of a set to another: each follows to its name in the colour.

Called by `fitting`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render.calling import RELEASE, secret_of
from platforms.kubernetes.render.documents import Document
from platforms.kubernetes.render.parts import Part, owned_name

Renamed = Mapping[tuple[str, str], str]

REFERENCES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ConfigMap", ("configMapRef", "name")),
    ("ConfigMap", ("configMapKeyRef", "name")),
    ("ConfigMap", ("configMap", "name")),
    ("ServiceAccount", ("serviceAccountName",)),
    ("ServiceAccount", ("serviceAccount",)),
    ("Deployment", ("scaleTargetRef", "name")),
    ("Secret", ("secretRef", "name")),
    ("Secret", ("secretKeyRef", "name")),
    ("Secret", ("secret", "secretName")),
    ("Secret", ("secret", "name")),
)
"""Where an object names another one: the kind that is meant, and the keys that end at its name."""


OWN = frozenset({"Deployment", "CronJob", "Service"})
"""Kinds of which a component has one that is its own."""


def names_of(part: Part, documents: list[Document]) -> dict[tuple[str, str], str]:
    """Kind and written name of each object to its name in the colour, no two of a kind the same."""
    found: dict[tuple[str, str], str] = {}
    for doc in documents:
        name = _name(part, doc, documents)
        if any(kind == doc.kind and other == name for (kind, _), other in found.items()):
            digest = hashlib.sha256(doc.name.encode()).hexdigest()[:8]
            name = f"{names.short(f'{_stem(part, doc)}-{digest}', 52)}-{names.SLOT_PLACEHOLDER}"
        found[doc.kind, doc.name] = name
        if doc.kind == "ExternalSecret":
            found["Secret", secret_of(doc)] = name
    return found


def _name(part: Part, doc: Document, documents: list[Document]) -> str:
    """The component's own workload and Service get its name: everybody looks for them there.

    What is called as they are follows them, so that a name inside a text means one thing.
    """
    own = [other for other in documents if other.kind in OWN]
    alone = [other.kind for other in own].count(doc.kind) == 1
    if alone or (doc.kind not in OWN and doc.name in {other.name for other in own}):
        return owned_name(part)
    return f"{names.short(_stem(part, doc), 52)}-{names.SLOT_PLACEHOLDER}"


def _stem(part: Part, doc: Document) -> str:
    stem = doc.name.replace(f"{RELEASE}-", "").replace(f"-{RELEASE}", "").replace(RELEASE, part.name)
    return stem if stem.startswith(part.name) else f"{part.name}-{stem}"


def follow(value: Any, renamed: Renamed) -> None:
    """Let references to objects of the same set lead to their new names."""
    if isinstance(value, list):
        for item in value:
            follow(item, renamed)
    if not isinstance(value, dict):
        return
    for kind, path in REFERENCES:
        holder: Any = value
        for key in path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            _lead(holder, path[-1], kind, renamed)
    for entry in value.get("imagePullSecrets") or []:
        _lead(entry, "name", "Secret", renamed)
    for item in value.values():
        follow(item, renamed)


def _lead(holder: dict[str, Any], key: str, kind: str, renamed: Renamed) -> None:
    name = holder.get(key)
    if isinstance(name, str) and (kind, name) in renamed:
        holder[key] = renamed[kind, name]


def released(value: Any, part: Part, renamed: Renamed) -> Any:
    """The same with the names that a chart made of its release's: of its objects, and of the release itself.

    The release of a colour is the component in that colour.
    """
    made = {old: new for (kind, old), new in renamed.items() if RELEASE in old and kind != "Service"}
    made |= {old: new for (kind, old), new in renamed.items() if RELEASE in old and kind == "Service"}
    longest = sorted(made, key=len, reverse=True)
    pattern = re.compile(
        "|".join([*(rf"(?<![a-z0-9-]){re.escape(name)}(?![a-z0-9-])" for name in longest), RELEASE])
    )
    return _replaced(value, pattern, {**made, RELEASE: owned_name(part)})


def _replaced(value: Any, pattern: re.Pattern[str], made: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(lambda found: made[found[0]], value)
    if isinstance(value, list):
        return [_replaced(item, pattern, made) for item in value]
    if isinstance(value, dict):
        return {
            pattern.sub(lambda f: made[f[0]], str(k)): _replaced(v, pattern, made) for k, v in value.items()
        }
    return value
