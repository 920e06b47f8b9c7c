"""What a colour would change, object by object, as the API server itself would make it (a dry run).

Each object of the coming colour is compared with the one that the serving colour has in its place, and
normalised: no status, no managed fields, no identity, no replicas, the colour's name as a placeholder.
What comes out is what signers see; its fingerprint is taken again in preflight.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from platforms.base import ObjectChange, SlotSpec
from platforms.kubernetes import names, owning, slots, together
from platforms.kubernetes.cache import WRITERS
from platforms.kubernetes.names import kind_of
from platforms.kubernetes.sizes import FLOOR, pinned
from platforms.kubernetes.target import Target, label

JSON = dict[str, Any]
OWN_NOTES = frozenset({names.RELEASE, names.RUN, names.SEAL, names.FENCE, names.HASH, FLOOR})
IDENTITY = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "namespace",
)
MOST_CHANGES = 400


def tried(target: Target, item: JSON) -> JSON:
    """The object as the API server would keep it, with defaults and whatever admission changes."""
    sized = pinned(item, None, {}) if kind_of(item) in names.SIZED else item
    return owning.tried(target, kind_of(item), sized)


def fingerprint(objects: list[JSON], slot: str) -> str:
    """One hash over all objects, the same for the same outcome."""
    plain = sorted(json.dumps(normalised(item, slot), sort_keys=True) for item in objects)
    return hashlib.sha256("\n".join(plain).encode()).hexdigest()


def changes(target: Target, slot: SlotSpec, serving: str | None) -> tuple[tuple[ObjectChange, ...], str]:
    """Every difference to the serving colour, and the fingerprint of what would come."""
    objects = [item for c in slot.components for item in slots.objects_of(target, slot, c)]
    coming = together.each(partial(tried, target, item) for item in objects)
    wanted = {_key(found, slot.slot): normalised(found, slot.slot) for found in coming}
    there = _serving(target, serving, wanted) if serving else {}
    found: list[ObjectChange] = []
    for key in sorted({*wanted, *there}):
        for path, before, after in _differences("", there.get(key), wanted.get(key)):
            found.append(ObjectChange(key, path, before, after))
    return tuple(found[:MOST_CHANGES]), fingerprint(coming, slot.slot)


def normalised(item: Mapping[str, Any], slot: str) -> JSON:
    """The object without what is not ours to decide."""
    plain: JSON = json.loads(json.dumps(item).replace(slot, names.SLOT_PLACEHOLDER))
    plain.pop("status", None)
    metadata = plain["metadata"]
    for key in (*IDENTITY, WRITERS):
        metadata.pop(key, None)
    notes = {k: v for k, v in (metadata.pop("annotations", None) or {}).items() if k not in OWN_NOTES}
    notes = {k: v for k, v in notes.items() if not k.startswith("deployment.kubernetes.io/")}
    if notes:
        metadata["annotations"] = notes
    (metadata.get("labels") or {}).pop(names.VERSION, None)
    spec = plain.get("spec") or {}
    for key in ("replicas", "suspend", "minReplicas", "clusterIP", "clusterIPs"):
        spec.pop(key, None)
    return plain


def _serving(target: Target, serving: str, wanted: Mapping[str, JSON]) -> dict[str, JSON]:
    """The serving colour's objects of the kinds that come, by the same names."""
    found: dict[str, JSON] = {}
    chosen = f"{target.selector},{names.SLOT}={serving}"
    for kind in sorted({key.partition(" ")[0] for key in wanted}):
        place = names.BY_KIND[kind]
        for item in target.api.list(place, target.namespace, chosen)["items"]:
            if label(item, names.ROLE) not in ("slot", "edge"):
                whole = {"apiVersion": place.api_version, "kind": kind, **item}
                found[_key(whole, serving)] = normalised(whole, serving)
    return found


def _key(item: Mapping[str, Any], slot: str) -> str:
    """`Kind component`: an object's name without its colour and without the hash of its content."""
    name = str(item["metadata"]["name"])
    return f"{item['kind']} {name.partition(f'-{slot}')[0]}"


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _differences(f"{path}.{key}" if path else key, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}[{position}]", one, other)
    elif before != after:
        yield path, before, after
