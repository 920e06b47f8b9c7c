"""The pods of this environment, those of a colour that was taken over included.

Such pods have no labels of ours: they are found by their Deployments' own selectors, each with a watch of its
own, and told with the labels that they would have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.cache import watched
from platforms.kubernetes.render.parts import role_of
from platforms.kubernetes.target import Target, label

JSON = dict[str, Any]


def adopted(record: JSON) -> Mapping[str, Mapping[str, Any]]:
    """How pods (`pods`) and edges (`services`) of a colour are chosen; empty for one that we made."""
    found: Mapping[str, Mapping[str, Any]] = json.loads((record.get("data") or {}).get("adopted") or "{}")
    return found


def of_all_colours(target: Target) -> list[JSON]:
    """Every pod of ours as the watches have it, each with the labels of its colour."""
    found = target.objects(names.POD)
    for record in target.objects(names.CONFIG_MAP):
        if label(record, names.ROLE) == "slot" and adopted(record):
            found += _of(target, record)
    return found


def _of(target: Target, record: JSON) -> Iterable[JSON]:
    slot = label(record, names.SLOT)
    kinds: dict[str, list[str]] = json.loads(record["data"]["components"])
    for component, selector in adopted(record)["pods"].items():
        labels = {names.COMPONENT: component, names.SLOT: slot, names.ROLE: role_of(kinds[component][0])}
        key = target.settings.connection_key
        watch = watched(target.api, key, names.POD, target.namespace, selector)
        for pod in watch.objects(target.settings.timeout_seconds):
            if not label(pod, names.SLOT):
                told = {**(pod["metadata"].get("labels") or {}), **target.labels, **labels}
                yield {**pod, "metadata": {**pod["metadata"], "labels": told}}
