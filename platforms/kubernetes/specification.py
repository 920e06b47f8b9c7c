"""What a colour is made of, in a form in which two environments can be laid side by side.

In comes a target and a colour, out go its objects by kind and component, without what always differs: status,
identity, the names of colour, environment and region. Called by the driver for the drift report.
"""

from __future__ import annotations

import json
import re
from typing import Any

from platforms.base import PlatformRefused
from platforms.kubernetes import names
from platforms.kubernetes.preview import normalised
from platforms.kubernetes.refusals import Missing
from platforms.kubernetes.target import Target, label

JSON = dict[str, Any]
OF_THE_PLACE = frozenset({names.ENVIRONMENT, "app.kubernetes.io/part-of", names.VERSION})
REGION, ENVIRONMENT, NAMESPACE = "<region>", "<environment>", "<namespace>"

_HASHED = re.compile(rf"{names.SLOT_PLACEHOLDER}-[0-9a-f]{{8}}\b")
"""A name that ends with the hash of what it holds, which is told by itself."""


def of_slot(target: Target, slot: str) -> dict[str, JSON]:
    """Every object of that colour, as `Kind component`; raises as the API server does."""
    found: dict[str, JSON] = {}
    for kind in names.COLOURED:
        for item in _list(target, kind, slot):
            if label(item, names.ROLE) not in ("slot", "edge", "job"):
                whole = {"apiVersion": kind.api_version, "kind": kind.kind, **item}
                found[_key(whole, slot)] = _plain(target, whole, slot)
    return found


def _list(target: Target, kind: names.Kind, slot: str) -> list[JSON]:
    chosen = f"{target.selector},{names.SLOT}={slot}"
    try:
        items: list[JSON] = target.api.list(kind, target.namespace, chosen)["items"]
    except (Missing, PlatformRefused):
        if kind is names.EXTERNAL_SECRET:  # neither known nor allowed where nobody uses them
            return []
        raise
    return items


def _key(item: JSON, slot: str) -> str:
    return f"{item['kind']} {str(item['metadata']['name']).partition(f'-{slot}')[0]}"


def _plain(target: Target, item: JSON, slot: str) -> JSON:
    text = json.dumps(normalised(item, slot))
    places = ((target.region, REGION), (target.environment, ENVIRONMENT), (target.namespace, NAMESPACE))
    for name, instead in places:
        text = text.replace(json.dumps(name), json.dumps(instead))
    found: JSON = _named(json.loads(_HASHED.sub(names.SLOT_PLACEHOLDER, text)))
    return found


def _named(value: Any) -> Any:
    """Without labels of the place; lists of things with names by name, so that order is no difference."""
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items() if key not in OF_THE_PLACE}
    if isinstance(value, list):
        items = [_named(item) for item in value]
        by_name = [item["name"] for item in items if isinstance(item, dict) and "name" in item]
        if items and len(set(by_name)) == len(items):
            return {f"[{name}]": item for name, item in zip(by_name, items, strict=True)}
        return items
    return value
