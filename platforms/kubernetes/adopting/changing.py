"""What taking over writes, object by object: labels, a Service of the colour's own, the route.

In come workloads and the slot that they become, out go `Write`s. `taking` tries them as a dry run, which
is what people are shown, and then writes the very same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platforms.base import SlotSpec
from platforms.kubernetes import names
from platforms.kubernetes.adopting.finding import Workload
from platforms.kubernetes.adopting.inventory import Inventory, chooses, labels_of, name_of, pod_template
from platforms.kubernetes.adopting.keepers import helm_release
from platforms.kubernetes.render.parts import role_of
from platforms.kubernetes.target import Target

JSON = dict[str, Any]
HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class Write:
    """One object: merged into what is there (`live`), or applied as ours where nothing is."""

    kind: names.Kind
    name: str
    body: JSON
    live: JSON | None


def writes(
    target: Target, slot: SlotSpec, workloads: Sequence[Workload], there: Inventory
) -> Iterator[Write]:
    """Everything that is written before traffic, in an order in which nothing is without an address."""
    for workload in workloads:
        yield from _narrowed(target, slot, workload, there)
        if workload.service is not None and target.settings.gateway is not None:
            yield _coloured_service(target, slot, workload, there)
        elif workload.service is not None:
            yield _labelled(
                target, workload.service, {names.COMPONENT: workload.component.name, names.ROLE: "edge"}
            )
        if workload.route is not None:
            yield _labelled(target, workload.route, {names.COMPONENT: workload.component.name})
        yield from _owned(target, slot, workload)


def service_selector(slot: SlotSpec, workload: Workload) -> dict[str, str]:
    """Which pods the colour's Service chooses: as the team's own, and never one of a colour to come."""
    assert workload.service is not None
    chosen = dict(workload.service["spec"]["selector"])
    return {**chosen, **_hash_of(workload)} if _chooses_green(slot, workload, chosen) else chosen


def notes_of(
    target: Target, slot: SlotSpec, workloads: Sequence[Workload], there: Inventory
) -> Iterator[str]:
    """What follows from taking over, that no diff shows."""
    taken = {name_of(w.holder) for w in workloads}
    for workload in workloads:
        name = workload.component.name
        release = helm_release(workload.holder)
        if release:
            yield (
                f"{name}: the Helm release {release} still names it. Never upgrade or uninstall that release "
                "again: it would change or delete what serves."
            )
        if any(_chooses_green(slot, workload, s["spec"]["selector"]) for s in _services(workload, there)):
            yield (
                f"{name}: its Service would choose the portal's pods too, so it is narrowed to the pods that "
                "run now. Until its first release nobody may roll it: new pods would get no traffic."
            )
    services = {s["metadata"]["name"] for w in workloads for s in _services(w, there)}
    if target.settings.gateway is None:  # what is cut over leads on to each colour that serves
        services -= {w.service["metadata"]["name"] for w in workloads if w.service is not None}
    if services:
        way = "by the route" if target.settings.gateway else "by a Service that is cut over"
        yield (
            f"Callers of {', '.join(sorted(services))} go on to reach this colour alone, and nothing once it "
            f"has been retired: what calls them from outside of these components goes {way} before that."
        )
    left = sorted(name_of(item) for item in there.holders if name_of(item) not in taken and _free(item))
    if left:
        yield f"Left alone, because no component is them: {', '.join(left)}."


def adopted_selectors(workloads: Sequence[Workload]) -> dict[str, str]:
    """By component, how its pods are found afterwards: the Deployment's own selector as the API takes it."""
    return {
        w.component.name: selector_text(w.holder["spec"]["selector"])
        for w in workloads
        if w.holder["kind"] == "Deployment"
    }


def selector_text(selector: Mapping[str, Any]) -> str:
    """A selector as a query of the API server."""
    words = {"In": "{0} in ({1})", "NotIn": "{0} notin ({1})", "Exists": "{0}", "DoesNotExist": "!{0}"}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or []:
        values = ",".join(expression.get("values") or [])
        parts.append(words[expression["operator"]].format(expression["key"], values))
    return ",".join(parts)


def green_port(slot: SlotSpec, component: str) -> JSON | None:
    """The port under which the Service of each colour of that component answers."""
    for part in slot.components:
        for item in part.objects:
            if part.name == component and item["kind"] == "Service":
                found: JSON = item["spec"]["ports"][0]
                return found
    return None


def edge_port(slot: SlotSpec, workload: Workload) -> JSON:
    """The port of the colour's Service: the one that releases will have, to the port that these pods have."""
    assert workload.service is not None
    today: JSON = workload.service["spec"]["ports"][0]
    wanted = green_port(slot, workload.component.name) or today
    return {
        "name": wanted.get("name") or "http",
        "port": wanted["port"],
        "targetPort": today.get("targetPort") or today["port"],
        "protocol": "TCP",
    }


def _coloured_service(target: Target, slot: SlotSpec, workload: Workload, there: Inventory) -> Write:
    name = names.coloured(workload.component.name, slot.slot)
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "labels": {**target.labels, **_labels(slot, workload)},
            "annotations": {names.RELEASE: slot.release},
        },
        "spec": {
            "type": "ClusterIP",
            "selector": service_selector(slot, workload),
            "ports": [edge_port(slot, workload)],
        },
    }
    live = next((s for s in there.services if s["metadata"]["name"] == name), None)
    return Write(names.SERVICE, name, body, live)


def _owned(target: Target, slot: SlotSpec, workload: Workload) -> Iterator[Write]:
    """The workload and what goes with it when the colour is retired; no pod template is touched."""
    size = str(workload.holder["spec"].get("replicas") or 1)
    labels = _labels(slot, workload)
    yield _labelled(
        target, workload.holder, {**labels, names.CONTAINER: workload.container, names.SIZE: size}
    )
    for item in (*workload.scalers, *workload.budgets):
        yield _labelled(target, item, labels)


def _narrowed(target: Target, slot: SlotSpec, workload: Workload, there: Inventory) -> Iterator[Write]:
    """The team's own Services that would choose pods of a colour to come go on to choose these alone."""
    for service in _services(workload, there):
        if _chooses_green(slot, workload, service["spec"]["selector"]):
            body = {"spec": {"selector": _hash_of(workload)}, "metadata": {"labels": target.labels}}
            yield Write(names.SERVICE, service["metadata"]["name"], body, service)


def _services(workload: Workload, there: Inventory) -> list[JSON]:
    template = labels_of(pod_template(workload.holder))
    now = {**template, **_hash_of(workload)}
    return [
        service
        for service in there.services
        if chooses(service["spec"].get("selector"), now) and names.SLOT not in labels_of(service)
    ]


def _chooses_green(slot: SlotSpec, workload: Workload, selector: Mapping[str, str]) -> bool:
    coming = next((part for part in slot.components if part.name == workload.component.name), None)
    holders = [i for i in (coming.objects if coming else ()) if i["kind"] in ("Deployment", "CronJob")]
    return any(chooses(selector, labels_of(pod_template(dict(holder)))) for holder in holders)


def _hash_of(workload: Workload) -> dict[str, str]:
    found = {labels_of(pod).get(HASH) for pod in workload.pods} - {None}
    return {HASH: str(found.pop())} if len(found) == 1 else {}


def _labels(slot: SlotSpec, workload: Workload) -> dict[str, str]:
    component = workload.component
    return {names.COMPONENT: component.name, names.SLOT: slot.slot, names.ROLE: role_of(component.kind)}


def _labelled(target: Target, live: JSON, labels: Mapping[str, str]) -> Write:
    body = {"metadata": {"labels": {**target.labels, **labels}}}
    return Write(names.BY_KIND[live["kind"]], live["metadata"]["name"], body, live)


def _free(item: JSON) -> bool:
    return labels_of(item).get(names.MANAGED_BY) != names.FIELD_MANAGER
