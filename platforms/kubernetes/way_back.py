"""The way back as people of the cluster find it: an annotation on each route, with weights and commands.

Beside the file that a run leaves with the portal, for the hour in which only the cluster is there. Called by
the driver; written once for a run, taken away when its old colour goes.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from platforms.kubernetes import names, slots
from platforms.kubernetes.target import Target, notes

JSON = dict[str, Any]


def tell(target: Target, what: str, blue: str | None, green: str, commands: tuple[str, ...]) -> bool:
    """Have it on every route; False while a route is not there yet."""
    if target.settings.gateway is None or blue is None:
        return True  # a cut-over of a Service, or nothing to go back to: the file says all
    edges = slots.edges(target)
    routes = {route["metadata"]["name"]: route for route in target.objects(names.ROUTE)}
    for name, port in sorted(edges.items()):
        if name not in routes:
            return False
        text = json.dumps(_described(target, routes[name], port, what, blue, green, commands))
        if notes(routes[name]).get(names.WAY_BACK) != text:
            _annotate(target, name, text)
    return bool(edges)


def forget(target: Target, slot: str) -> None:
    """That colour goes: nobody may be sent back to it any more."""
    for route in target.objects(names.ROUTE) if target.settings.gateway else ():
        told = notes(route).get(names.WAY_BACK)
        if told and slot in json.loads(told)["weights"]:
            _annotate(target, route["metadata"]["name"], None)


def _annotate(target: Target, name: str, text: str | None) -> None:
    body = {"metadata": {"annotations": {names.WAY_BACK: text}}}
    target.watch(names.ROUTE).put(target.api.merge(names.ROUTE, target.namespace, name, body))


def _described(
    target: Target, route: JSON, port: JSON, what: str, blue: str, green: str, commands: tuple[str, ...]
) -> JSON:
    component = route["metadata"]["name"]
    backends = [
        {
            "group": "",
            "kind": "Service",
            "name": names.coloured(component, slot),
            "port": port["port"],
            "weight": w,
        }
        for slot, w in ((blue, 100), (green, 0))
    ]
    change = [
        {"op": "replace", "path": f"/spec/rules/{number}/backendRefs", "value": backends}
        for number, _ in enumerate(route["spec"].get("rules") or [])
    ]
    there = f"kubectl -n {target.namespace}"
    patch = shlex.quote(json.dumps(change, separators=(",", ":")))
    by_hand = (
        f"{there} annotate configmap {target.state_name} {names.MARK}=offline --overwrite",
        f"{there} patch httproute {component} --type=json -p {patch}",
    )
    return {"what": what, "weights": {blue: 100, green: 0}, "commands": [*commands, *by_hand]}


def mark_of(state: JSON | None) -> JSON:
    """Who acted past the portal: `mark`, `by`, `at`, `reason`; empty when nobody did.

    The offline command leaves it in the state's data, people of the cluster as an annotation.
    """
    told = ((state or {}).get("data") or {}).get("mark")
    if told:
        found: JSON = json.loads(told)
        return found
    mark = notes(state or {}).get(names.MARK)
    return {"mark": mark, "by": "somebody with kubectl", "at": "", "reason": ""} if mark else {}
