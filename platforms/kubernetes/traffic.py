"""Where requests from outside go: weights of an HTTPRoute, or one Service that is cut over.

In comes the wanted share of each colour, out goes what the gateway really follows: weights count only
once the gateway has accepted the route in the form in which it stands. Without a gateway in the target's
settings there is no share, only a cut-over of the Service's selector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from platforms.base import PlatformRefused, PlatformUnavailable
from platforms.kubernetes import happenings, names
from platforms.kubernetes.adopting.pods import adopted
from platforms.kubernetes.cache import WRITERS
from platforms.kubernetes.owning import ours
from platforms.kubernetes.refusals import Conflict
from platforms.kubernetes.target import ATTEMPTS, Target, label, notes

JSON = dict[str, Any]
ACCEPT_SECONDS = 8.0
"""How long a switch waits for the gateway's word before it says that it has none."""


def follow(
    target: Target, fence: int, weights: Mapping[str, int], edges: Mapping[str, JSON], slots: list[str]
) -> None:
    """Have these weights at every edge component; returns once they are in force.

    `edges` are the edge components with the port of their Service, `slots` the colours that are here:
    each stays a backend, with weight 0 where it gets nothing, for a single one is read in several ways.
    Raises PlatformRefused for shares that this target cannot give, PlatformUnavailable while the gateway
    does not accept.
    """
    if target.settings.gateway is None:
        _cut_over(target, fence, weights, edges)
        return
    written = [
        _write_route(target, fence, name, port, weights, slots) for name, port in sorted(edges.items())
    ]
    _accepted(target, [name for name in written if name])


def weights_now(target: Target, routes: list[JSON], services: list[JSON]) -> dict[str, int]:
    """The share of each colour in force; the mean where edge components differ, which no plan wants."""
    found = (
        [_shares(route) for route in routes] if target.settings.gateway else [_selected(s) for s in services]
    )
    if not found:
        return {}
    slots = sorted({slot for shares in found for slot in shares})
    return {slot: round(sum(shares.get(slot, 0) for shares in found) / len(found)) for slot in slots}


def acted_past(routes: list[JSON], wanted: Mapping[str, int]) -> str:
    """Who changed a route otherwise than the last switch wanted, empty when nobody did."""
    for route in routes:
        spec = _given(_spec_shares(route))
        last = _last_writer(route)
        if spec != _given(wanted) and last.get("manager") != names.FIELD_MANAGER:
            name = route["metadata"]["name"]
            return f"{last.get('manager')} changed the route {name} to {_words(spec)} at {last.get('time')}"
    return ""


def _given(shares: Mapping[str, int]) -> dict[str, int]:
    """The colours that get something."""
    return {slot: share for slot, share in shares.items() if share}


def _last_writer(route: JSON) -> JSON:
    """Who wrote the route last, status aside: `manager` and `time`."""
    metadata = route["metadata"]
    writers = metadata.get(WRITERS) or [
        entry for entry in metadata.get("managedFields") or [] if not entry.get("subresource")
    ]
    last: JSON = max(writers, key=_recency, default={})
    return last


def _recency(writer: JSON) -> tuple[str, bool]:
    """Who wrote later; within one second, which is all that is told, somebody else counts as the later."""
    return str(writer.get("time")), writer.get("manager") != names.FIELD_MANAGER


def tried_route(target: Target, name: str, port: JSON, slot: str, live: JSON) -> JSON:
    """The route with all traffic on that colour, as the API server would make it; keeps nothing."""
    wanted = _route(target, int(notes(live).get(names.FENCE) or 0), name, port, {slot: 100}, [slot], live)
    return target.api.apply(names.ROUTE, target.namespace, wanted, dry_run=True, force=True)


def leave(target: Target, slot: str) -> None:
    """Take a colour without weight out of every route; refused while it has weight."""
    for route in target.objects(names.ROUTE) if target.settings.gateway else []:
        name = route["metadata"]["name"]
        for _ in range(ATTEMPTS):
            live = target.api.get(names.ROUTE.path(target.namespace, name))
            refs = live["spec"]["rules"][0]["backendRefs"]
            mine = [ref for ref in refs if ref["name"].endswith(f"-{slot}")]
            if any(ref.get("weight", 1) for ref in mine):
                raise PlatformRefused("invalid", f"{slot} has weight in the route {name}; it serves.")
            if not mine or len(refs) == len(mine):
                break
            live["spec"]["rules"][0]["backendRefs"] = [ref for ref in refs if ref not in mine]
            try:
                _keep(target, live)
                break
            except Conflict:
                continue


def serves(target: Target, slot: str) -> bool:
    """Has this colour weight anywhere, asked anew?"""
    kind = names.ROUTE if target.settings.gateway else names.SERVICE
    items = target.api.list(kind, target.namespace, target.selector)["items"]
    shares = [_spec_shares(i) if target.settings.gateway else _selected(i) for i in items if _is_edge(i)]
    return any(found.get(slot) for found in shares)


def edge_services(services: list[JSON]) -> list[JSON]:
    """The Services that stand for a component whatever its colour."""
    return [item for item in services if _is_edge(item)]


def addresses(target: Target, names_of_edges: list[str]) -> dict[str, str]:
    """Where people reach each edge component."""
    found = {}
    for name in names_of_edges:
        hosts = target.settings.hostnames.get(name) or ()
        inside = f"http://{name}.{target.namespace}.svc"
        found[name] = target.settings.addresses.get(name) or (f"https://{hosts[0]}" if hosts else inside)
    return found


def _write_route(
    target: Target, fence: int, name: str, port: JSON, weights: Mapping[str, int], slots: list[str]
) -> str:
    """Write the route of one edge component; its name while its acceptance is to be waited for.

    As the watch has seen it is good enough to write over, since the write names that version.
    """
    path = names.ROUTE.path(target.namespace, name)
    live = _to_write_over(target, fence, name, weights) or target.api.find(path)
    for _ in range(ATTEMPTS):
        if live is not None:
            ours(target, live)
            if _fence(live) > fence:
                raise PlatformRefused("fence", f"The route {name} was written under a higher fence.")
        if not weights:
            if live is not None:
                target.api.delete(names.ROUTE, target.namespace, name, live["metadata"]["uid"])
                target.watch(names.ROUTE).forget(name)
            return ""
        wanted = _route(target, fence, name, port, weights, slots, live)
        if live is not None and wanted["spec"] == {k: live["spec"].get(k) for k in wanted["spec"]}:
            return name
        try:
            found = target.api.apply(names.ROUTE, target.namespace, wanted, force=True)
        except Conflict:
            live = target.api.find(path)
            continue
        target.watch(names.ROUTE).put(found)
        happenings.tell(target, found, "TrafficMoved", f"Traffic goes to {_words(_spec_shares(found))}.")
        return name
    raise PlatformUnavailable(f"The route {name} is being changed by others.", 1.0)


def _to_write_over(target: Target, fence: int, name: str, weights: Mapping[str, int]) -> JSON | None:
    """The route as the watch has it, if it is sure to be written; else it has to be asked for anew."""
    found = target.watch(names.ROUTE).named(name, target.settings.timeout_seconds)
    if found is None or not weights or _fence(found) > fence:
        return None
    return None if _given(_spec_shares(found)) == _given(weights) else found


def _fence(route: JSON) -> int:
    return int(notes(route).get(names.FENCE) or 0)


def _route(
    target: Target, fence: int, name: str, port: JSON, weights: Mapping[str, int], slots: list[str],
    live: JSON | None,
) -> JSON:  # fmt: skip
    gateway = target.settings.gateway
    assert gateway is not None
    parent: JSON = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway.name}
    parent |= {k: v for k, v in (("namespace", gateway.namespace), ("sectionName", gateway.section)) if v}
    backends = [
        {"group": "", "kind": "Service", "name": names.coloured(name, slot), "port": port["port"],
         "weight": int(weights.get(slot, 0))}
        for slot in sorted({*slots, *weights})
    ]  # fmt: skip
    metadata: JSON = {
        "name": name,
        "labels": {**target.labels, names.COMPONENT: name},
        "annotations": {names.FENCE: str(fence), names.BEFORE: json.dumps(_shares(live) if live else {})},
    }
    if live is not None:
        metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
    spec: JSON = {"parentRefs": [parent], "rules": _rules(live, backends)}
    hosts = target.settings.hostnames.get(name)
    if hosts:
        spec["hostnames"] = list(hosts)
    return {"apiVersion": names.ROUTE.api_version, "kind": "HTTPRoute", "metadata": metadata, "spec": spec}


def _rules(live: JSON | None, backends: list[JSON]) -> list[JSON]:
    """The rules that are there, matches and filters kept, with these backends."""
    rules = (live or {}).get("spec", {}).get("rules") or [
        {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}
    ]
    return [{**rule, "backendRefs": backends} for rule in rules]


def _keep(target: Target, live: JSON) -> None:
    """Write a route whose backends were changed, as apply wants it: without what the server fills in."""
    metadata = live["metadata"]
    kept = {
        key: metadata[key] for key in ("name", "labels", "annotations", "resourceVersion") if key in metadata
    }
    kept["annotations"] = {
        k: v for k, v in (kept.get("annotations") or {}).items() if k.startswith(names.DOMAIN)
    }
    kept["annotations"][names.BEFORE] = json.dumps(_shares(live))
    body = {
        "apiVersion": names.ROUTE.api_version,
        "kind": "HTTPRoute",
        "metadata": kept,
        "spec": live["spec"],
    }
    target.watch(names.ROUTE).put(target.api.apply(names.ROUTE, target.namespace, body, force=True))


def _accepted(target: Target, written: list[str]) -> None:
    def waiting() -> list[str]:
        routes = {item["metadata"]["name"]: item for item in target.objects(names.ROUTE)}
        return [why for name in written if (why := not_in_force(routes.get(name)))]

    if not target.watch(names.ROUTE).until(lambda: not waiting(), ACCEPT_SECONDS):
        raise PlatformUnavailable(next(iter(waiting()), "The route changes again and again."), 2.0)


def not_in_force(route: JSON | None) -> str:
    """Why the gateway does not follow this route as it stands, empty when it does."""
    if route is None:
        return "The route is not there yet."
    name, generation = route["metadata"]["name"], int(route["metadata"].get("generation") or 0)
    parents = (route.get("status") or {}).get("parents") or []
    if not parents:
        return f"No gateway has answered for the route {name}; is its controller running?"
    for parent in parents:
        told = {c["type"]: c for c in parent.get("conditions") or []}
        for kind in ("Accepted", "ResolvedRefs"):
            condition = told.get(kind)
            if condition is None or int(condition.get("observedGeneration") or 0) < generation:
                return f"The gateway has not taken the new form of the route {name} yet."
            if condition.get("status") != "True":
                return f"The gateway does not follow the route {name}: {condition.get('message') or kind}."
    return ""


def _shares(route: JSON) -> dict[str, int]:
    """The share of each colour that the gateway follows: the one before our last write until it has accepted.

    What somebody else wrote is told as it is written: what was before that nobody has kept.
    """
    if not not_in_force(route) or _last_writer(route).get("manager") != names.FIELD_MANAGER:
        return _spec_shares(route)
    found: dict[str, int] = json.loads(notes(route).get(names.BEFORE) or "{}")
    return found


def _spec_shares(route: JSON) -> dict[str, int]:
    """The written share of each colour in percent, of the first rule."""
    component = label(route, names.COMPONENT)
    rules = route["spec"].get("rules") or [{}]
    refs = rules[0].get("backendRefs") or []
    total = sum(int(ref.get("weight", 1)) for ref in refs)
    return {
        str(ref["name"]).removeprefix(f"{component}-"): round(100 * int(ref.get("weight", 1)) / total)
        for ref in refs
        if total
    }


def _cut_over(target: Target, fence: int, weights: Mapping[str, int], edges: Mapping[str, JSON]) -> None:
    serving = [slot for slot, weight in weights.items() if weight]
    if len(serving) > 1:
        raise PlatformRefused(
            "invalid",
            f"{target.region} has no gateway: it can only be cut over, so its plan must go to 100 % at once.",
        )
    for name, port in sorted(edges.items()):
        live = target.api.find(names.SERVICE.path(target.namespace, name))
        if live is not None:
            ours(target, live)
        if not serving:
            target.api.delete(names.SERVICE, target.namespace, name)
            target.watch(names.SERVICE).forget(name)
            continue
        found = target.api.apply(
            names.SERVICE, target.namespace, _service(target, fence, name, port, serving[0]), force=True
        )
        target.watch(names.SERVICE).put(found)
        if live is None or _selected(live) != _selected(found):
            happenings.tell(target, found, "TrafficMoved", f"Traffic goes to {serving[0]} alone.")


def _service(target: Target, fence: int, name: str, port: JSON, slot: str) -> JSON:
    chosen = {
        names.ENVIRONMENT: target.environment,
        names.COMPONENT: name,
        names.SLOT: slot,
        names.ROLE: "serve",
    }
    taken = [r for r in target.objects(names.CONFIG_MAP) if label(r, names.SLOT) == slot and adopted(r)]
    metadata = {
        "name": name,
        "labels": {**target.labels, names.COMPONENT: name, names.ROLE: "edge"},
        "annotations": {names.FENCE: str(fence), names.SLOT: slot},
    }
    selector = adopted(taken[0])["services"][name] if taken else chosen
    spec = {"type": "ClusterIP", "selector": selector, "ports": [port]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _is_edge(item: JSON) -> bool:
    return "rules" in item["spec"] or label(item, names.ROLE) == "edge"


def _selected(service: JSON) -> dict[str, int]:
    slot = (service["spec"].get("selector") or {}).get(names.SLOT) or notes(service).get(names.SLOT)
    return {slot: 100} if slot else {}


def _words(shares: Mapping[str, int]) -> str:
    return ", ".join(f"{slot} {weight} %" for slot, weight in sorted(shares.items())) or "nothing"
