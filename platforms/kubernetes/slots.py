"""A colour's objects: applied in an order in which they can work, kept in a record, taken away whole.

The record, a ConfigMap, is made before anything else and names what belongs to the colour, so that
one which was killed half-way is seen and can be taken down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from platforms.base import ComponentSpec, PlatformRefused, SlotSpec
from platforms.kubernetes import happenings, names, owning, together
from platforms.kubernetes.adopting.pods import adopted
from platforms.kubernetes.names import COLOURED, MAKES_PODS, NEEDED, SIZED, Kind, kind_of
from platforms.kubernetes.refusals import Missing
from platforms.kubernetes.sizes import pinned
from platforms.kubernetes.slot_record import slot_record
from platforms.kubernetes.target import Target, label, notes

JSON = dict[str, Any]


def objects_of(target: Target, slot: SlotSpec, component: ComponentSpec) -> list[JSON]:
    """The component's objects in that colour, with labels and annotations that tell their story.

    Raises PlatformRefused (`artifact_missing`) when the content holds none for this environment.
    """
    if not component.objects:
        raise PlatformRefused(
            "artifact_missing",
            f"The content holds no objects of {component.name} for {target.environment} on Kubernetes; "
            "they are made when a component's digest is named: name it again.",
        )
    return [_filled(target, slot, item) for item in component.objects]


def ensure(target: Target, slot: SlotSpec, sizes: Mapping[str, int]) -> None:
    """Have this colour's objects; what it held and no longer wants is deleted."""
    parts = [objects_of(target, slot, component) for component in slot.components]
    wanted = [item for part in parts for item in part]
    record = _record_of(target, slot.slot)
    if record is not None and adopted(record):
        return  # it runs as its team has made it; made anew by us it would be started anew
    whole = _hash(wanted)
    if not slot.components:
        if record is None:
            _write_record(target, slot, (), "")
        return
    if record is not None and notes(record).get(names.HASH) == whole and _all_there(target, wanted):
        return
    before = inventory(record)
    _write_record(target, slot, [*before, *(_key(item) for item in wanted)], "")
    known = frozenset(before)
    for group in _in_turn(slot, parts):
        together.each(partial(_bring, target, part, sizes, known) for part in group)
    for gone in sorted(set(before) - {_key(item) for item in wanted}):
        kind, _, name = gone.partition("/")
        target.api.delete(names.BY_KIND[kind], target.namespace, name)
    _write_record(target, slot, [_key(item) for item in wanted], whole)


def _in_turn(slot: SlotSpec, parts: list[list[JSON]]) -> list[list[list[JSON]]]:
    """First the components whose pods start at once: they get ready while what stands still is brought."""
    pairs = list(zip(slot.components, parts, strict=True))
    starting = [part for component, part in pairs if component.kind == "http"]
    return [starting, [part for component, part in pairs if component.kind != "http"]]


def _bring(target: Target, items: list[JSON], sizes: Mapping[str, int], known: frozenset[str]) -> None:
    """Have one component's objects: what pods need, what makes them, all else. It waits for no other one."""
    for item in sorted(
        items, key=lambda item: (kind_of(item) not in NEEDED, kind_of(item) not in MAKES_PODS)
    ):
        _apply(target, item, sizes, known)


def apply_needs(target: Target, slot: SlotSpec, component: ComponentSpec) -> JSON:
    """Have what a job of this component needs beside its pod; returns the object that holds the pod."""
    objects = objects_of(target, slot, component)
    holder = next((item for item in objects if item["kind"] in ("Deployment", "CronJob")), None)
    if holder is None:
        raise PlatformRefused("invalid", f"{component.name} has no pod that a job could run in.")
    together.each(
        partial(_apply, target, item, {}, frozenset()) for item in objects if kind_of(item) in NEEDED
    )
    return holder


def retire(target: Target, slot: str) -> None:
    """Have this colour gone: its objects, its jobs, its record; pods end in their own time."""
    chosen = f"{target.selector},{names.SLOT}={slot}"
    others = [kind for kind in reversed(COLOURED) if kind is not names.CONFIG_MAP]
    for kind in (names.JOB, *others, names.CONFIG_MAP):  # the record goes last: until then it can be repeated
        if kind is names.EXTERNAL_SECRET and not uses(target, slot, kind):
            continue
        target.api.delete_all(kind, target.namespace, chosen)
    for item in target.objects(names.CONFIG_MAP):
        if label(item, names.SLOT) == slot:
            target.watch(names.CONFIG_MAP).forget(item["metadata"]["name"])


def records(target: Target) -> list[JSON]:
    """The record of every colour that is here."""
    return [item for item in target.objects(names.CONFIG_MAP) if label(item, names.ROLE) == "slot"]


def inventory(record: JSON | None) -> list[str]:
    """The objects that a colour's record names, as `Kind/name`."""
    found: list[str] = json.loads(((record or {}).get("data") or {}).get("objects") or "[]")
    return found


def components_of(record: JSON) -> dict[str, list[str]]:
    """The components of a colour: name to kind and wanted digest."""
    found: dict[str, list[str]] = json.loads((record.get("data") or {}).get("components") or "{}")
    return found


def edges(target: Target) -> dict[str, JSON]:
    """The edge components of all colours that are here, with the port of their Service."""
    found: dict[str, JSON] = {}
    for record in records(target):
        found |= json.loads((record.get("data") or {}).get("edges") or "{}")
    return found


def _edges(slot: SlotSpec) -> dict[str, JSON]:
    found = {}
    for component in slot.components:
        services = [item for item in component.objects if item["kind"] == "Service"]
        if component.edge and services:
            port = services[0]["spec"]["ports"][0]
            found[component.name] = {"targetPort": port["port"], "protocol": "TCP", **port}
    return found


def uses(target: Target, slot: str, kind: Kind) -> bool:
    """Does the record of that colour name objects of this kind?"""
    record = _record_of(target, slot)
    return any(key.startswith(f"{kind.kind}/") for key in inventory(record))


def _record_of(target: Target, slot: str) -> JSON | None:
    return next((item for item in records(target) if label(item, names.SLOT) == slot), None)


def _write_record(target: Target, slot: SlotSpec, keys: Iterable[str], whole: str) -> None:
    own = {names.RELEASE: slot.release, names.RUN: slot.run, names.SEAL: slot.seal, names.HASH: whole}
    body = slot_record(target, slot, keys=keys, edges=_edges(slot), annotations=own)
    new = _record_of(target, slot.slot) is None
    target.watch(names.CONFIG_MAP).put(owning.apply(target, names.CONFIG_MAP, body, new=new, force=True))


def _apply(target: Target, item: JSON, sizes: Mapping[str, int], known: frozenset[str]) -> None:
    """Have this object; `known` is what the colour's record has named before."""
    kind = kind_of(item)
    live = None
    if kind in SIZED:
        live = _live(target, kind, item, known)
        item = pinned(item, live, sizes)
    found = owning.apply(target, kind, item, new=_key(item) not in known)
    if live is None and kind in (names.DEPLOYMENT, names.CRON_JOB):
        release = notes(item).get(names.RELEASE, "")
        happenings.tell(
            target, found, "Deployed", f"Release {release} in the colour {label(item, names.SLOT)}."
        )
    if kind in (names.DEPLOYMENT, names.CRON_JOB, names.CONFIG_MAP):
        target.watch(kind).put(found)


def _live(target: Target, kind: Kind, item: JSON, known: frozenset[str]) -> JSON | None:
    """The object as it is, for its size.

    Not asked for where it cannot be there: no record names it, which is written first, and no watch has it.
    """
    name = item["metadata"]["name"]
    if kind is names.AUTOSCALER:
        return None  # keeps no size of its own
    seen = target.watch(kind).named(name, target.settings.timeout_seconds)
    if seen is None and _key(item) not in known:
        return None
    try:
        return target.api.get(kind.path(target.namespace, name))
    except Missing:
        return None


def _all_there(target: Target, wanted: list[JSON]) -> bool:
    """Is every workload still there? Somebody may have deleted one by hand."""
    for kind in (names.DEPLOYMENT, names.CRON_JOB):
        there = {item["metadata"]["name"] for item in target.objects(kind)}
        if not {i["metadata"]["name"] for i in wanted if i["kind"] == kind.kind} <= there:
            return False
    return True


def _key(item: JSON) -> str:
    return f"{item['kind']}/{item['metadata']['name']}"


def _hash(items: list[JSON]) -> str:
    text = json.dumps(items, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _filled(target: Target, slot: SlotSpec, item: Mapping[str, Any]) -> JSON:
    """The object with this colour's names in place of the placeholders, and whose it is."""
    text = json.dumps(item)
    release = names.label_value(slot.release)
    filled: JSON = json.loads(
        text.replace(names.SLOT_PLACEHOLDER, slot.slot)
        .replace(names.RELEASE_PLACEHOLDER, release)
        .replace(names.REGION_PLACEHOLDER, target.region)
        .replace(names.NAMESPACE_PLACEHOLDER, target.namespace)
    )
    metadata = filled["metadata"]
    metadata["namespace"] = target.namespace
    metadata["labels"] = {**(metadata.get("labels") or {}), **target.labels, names.SLOT: slot.slot}
    own = {names.RELEASE: slot.release, names.RUN: slot.run, names.SEAL: slot.seal}
    told = {key: value for key, value in own.items() if value}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **told}
    return filled
