"""Show what taking over would change, as the API server would make it, and do it.

Nothing here writes a pod template, so nothing is started anew. Each write may be repeated: an adoption
that was killed half-way is shown again with what is left of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platforms.base import (
    ComponentSpec,
    ObjectChange,
    PlatformRefused,
    PlatformUnavailable,
    SlotSpec,
    TakeOver,
)
from platforms.base import Running as Seen
from platforms.kubernetes import happenings, names
from platforms.kubernetes.adopting import changing, finding, inventory
from platforms.kubernetes.adopting.changing import Write
from platforms.kubernetes.adopting.finding import Workload
from platforms.kubernetes.adopting.inventory import Inventory, name_of
from platforms.kubernetes.slot_record import slot_record
from platforms.kubernetes.target import Target, label
from platforms.kubernetes.traffic import tried_route

JSON = dict[str, Any]
ENDPOINT_SECONDS = 30.0
"""How long the cluster may take to lead the colour's new Service to its pods, before a route follows it."""

NOT_OURS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


def running(target: Target, components: Sequence[ComponentSpec], named: Mapping[str, str]) -> Seen:
    """Which digest of each component runs, and why something cannot be taken over."""
    workloads, problems = finding.find(target, inventory.read(target), components, named)
    found = {w.component.name: w for w in workloads}
    return Seen(
        artifacts={name: w.artifact for name, w in found.items()},
        versions={name: w.version for name, w in found.items()},
        problems=tuple(problems),
    )


def take_over(target: Target, slot: SlotSpec, named: Mapping[str, str]) -> TakeOver:
    """Every field that would change; each write is tried by the API server and not kept."""
    there, workloads, problems = _found(target, slot, named)
    changes: list[ObjectChange] = []
    for write in changing.writes(target, slot, workloads, there):
        try:
            changes += _differences(write, _send(target, write, dry_run=True))
        except PlatformRefused as error:
            problems.append(f"{write.kind.kind} {write.name}: {error.reason}")
    for workload in workloads:
        if problems or not workload.component.edge:
            continue
        changed, wrong = _traffic(target, slot, workload)
        changes += changed
        problems += wrong
    return TakeOver(tuple(changes), tuple(changing.notes_of(target, slot, workloads, there)), tuple(problems))


def label_all(target: Target, slot: SlotSpec, named: Mapping[str, str]) -> None:
    """Everything but traffic: after this the colour is known, with its addresses.

    Raises PlatformRefused when something is not as it was shown any more.
    """
    there, workloads, problems = _found(target, slot, named)
    if problems:
        raise PlatformRefused("invalid", " ".join(problems))
    for write in changing.writes(target, slot, workloads, there):
        made = _send(target, write)
        if write.kind in (names.DEPLOYMENT, names.CRON_JOB):
            target.watch(write.kind).put(made)
            happenings.tell(target, made, "Adopted", f"Taken over as {slot.release}, the colour {slot.slot}.")
        if write.kind is names.ROUTE:
            target.watch(write.kind).put(made)
    _have_addresses(target, slot, workloads)
    record = target.api.apply(
        names.CONFIG_MAP, target.namespace, _record(target, slot, workloads), force=True
    )
    target.watch(names.CONFIG_MAP).put(record)


def _found(
    target: Target, slot: SlotSpec, named: Mapping[str, str]
) -> tuple[Inventory, list[Workload], list[str]]:
    there = inventory.read(target)
    workloads, problems = finding.find(target, there, slot.components, named)
    for workload in workloads:
        if workload.artifact != workload.component.artifact:
            problems.append(f"{workload.component.name} runs another digest than a moment ago; adopt again.")
        other = label(workload.holder, names.SLOT)
        if other not in ("", slot.slot):
            problems.append(f"{name_of(workload.holder)} belongs to the colour {other} already.")
    return there, workloads, problems


def _send(target: Target, write: Write, *, dry_run: bool = False) -> JSON:
    if "kind" in write.body:
        return target.api.apply(write.kind, target.namespace, write.body, dry_run=dry_run)
    return target.api.merge(write.kind, target.namespace, write.name, write.body, dry_run=dry_run)


def _differences(write: Write, after: JSON) -> Iterator[ObjectChange]:
    what = f"{write.kind.kind} {write.name}"
    if write.live is None:
        yield ObjectChange(what, "", None, _plain(after))
        return
    yield from _fields(what, "", _plain(write.live), _plain(after))


def _fields(what: str, path: str, before: Any, after: Any) -> Iterator[ObjectChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _fields(what, f"{path}.{key}" if path else key, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _fields(what, f"{path}[{position}]", one, other)
    elif before != after:
        yield ObjectChange(what, path, before, after)


def _plain(item: JSON) -> JSON:
    found = {key: value for key, value in item.items() if key != "status"}
    found["metadata"] = {k: v for k, v in item["metadata"].items() if k not in NOT_OURS}
    return found


def _traffic(target: Target, slot: SlotSpec, workload: Workload) -> tuple[list[ObjectChange], list[str]]:
    """What the route (or, without a gateway, the Service) would become; only where it leads may change."""
    name, port = workload.component.name, changing.edge_port(slot, workload)
    if target.settings.gateway is None:
        return [], _cut_over_problems(slot, workload)
    assert workload.route is not None
    after = tried_route(target, name, port, slot.slot, workload.route)
    what = f"HTTPRoute {name}"
    found = list(_fields(what, "spec", workload.route["spec"], after["spec"]))
    moved = [change for change in found if ".backendRefs" not in change.path]
    problems = [
        f"{name}: the HTTPRoute {name} has {change.path} = {json.dumps(change.before)}, the platform file "
        f"says {json.dumps(change.after)}; an administrator makes gateway and hostnames of the target say "
        "what is there."
        for change in moved
    ]
    return found, problems


def _cut_over_problems(slot: SlotSpec, workload: Workload) -> list[str]:
    """Without a gateway one Service is shared by both colours, so both must answer alike behind it."""
    assert workload.service is not None
    ports: list[JSON] = workload.service["spec"]["ports"]
    wanted = changing.green_port(slot, workload.component.name)
    name = workload.component.name
    if wanted is None or [p["port"] for p in ports] == [wanted["port"]]:
        return []
    shown = ", ".join(str(p["port"]) for p in ports)
    return [
        f"{name}: its Service answers on {shown}, releases would on {wanted['port']}; an administrator sets "
        "kubernetes.port in the platform file to what callers use."
    ]


def _have_addresses(target: Target, slot: SlotSpec, workloads: Sequence[Workload]) -> None:
    """Wait until each new Service leads to every ready pod: earlier a route would lose requests."""
    for workload in workloads:
        if workload.service is None or target.settings.gateway is None:
            continue
        name = names.coloured(workload.component.name, slot.slot)
        wanted = {pod["metadata"]["name"] for pod in workload.pods if _is_ready(pod)}
        deadline = time.monotonic() + ENDPOINT_SECONDS
        while not wanted <= _addressed(target, name):
            if time.monotonic() > deadline:
                raise PlatformUnavailable(
                    f"The cluster does not lead the Service {name} to its pods; is its controller well?"
                )
            time.sleep(0.2)


def _addressed(target: Target, service: str) -> set[str]:
    slices = target.api.list(names.ENDPOINTS, target.namespace, f"kubernetes.io/service-name={service}")
    return {
        str((endpoint.get("targetRef") or {}).get("name"))
        for item in slices["items"]
        for endpoint in item.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready")
    }


def _is_ready(pod: JSON) -> bool:
    told = {c["type"]: c["status"] for c in (pod.get("status") or {}).get("conditions") or []}
    return told.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp")


def _record(target: Target, slot: SlotSpec, workloads: Sequence[Workload]) -> JSON:
    """The colour's record, and how its pods are found."""
    owned = [item for w in workloads for item in (w.holder, *w.scalers, *w.budgets)]
    keys = {f"{item['kind']}/{item['metadata']['name']}" for item in owned}
    edges = {w.component.name: changing.edge_port(slot, w) for w in workloads if w.service is not None}
    chosen = {
        w.component.name: changing.service_selector(slot, w) for w in workloads if w.service is not None
    }
    if target.settings.gateway is not None:
        keys |= {f"Service/{names.coloured(name, slot.slot)}" for name in edges}
    found = {"pods": changing.adopted_selectors(workloads), "services": chosen}
    return slot_record(
        target,
        slot,
        keys=keys,
        edges=edges,
        annotations={names.RELEASE: slot.release},
        more={"adopted": json.dumps(found)},
    )
