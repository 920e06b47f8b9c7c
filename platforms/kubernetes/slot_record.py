"""The record of a colour in the cluster: which objects are its own, what they run, where its edges listen.

A ConfigMap beside the objects, so that whoever finds the cluster without the portal finds the colour whole.
In: what a slot is made of. Out: the object to apply. Called where slots are started and where adopted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from platforms.base import SlotSpec
from platforms.kubernetes import names
from platforms.kubernetes.target import Target

JSON = dict[str, Any]


def slot_record(
    target: Target,
    slot: SlotSpec,
    *,
    keys: Iterable[str],
    edges: Mapping[str, JSON],
    annotations: Mapping[str, str],
    more: Mapping[str, str] | None = None,
) -> JSON:
    """The ConfigMap of this colour; `keys` name its objects ("Kind/name"); empty annotations are left out."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": names.short(f"hmhp-slot-{target.environment}-{slot.slot}"),
            "labels": {
                **target.labels,
                names.SLOT: slot.slot,
                names.ROLE: "slot",
                names.VERSION: names.label_value(slot.release),
            },
            "annotations": {key: value for key, value in annotations.items() if value},
        },
        "data": {
            "objects": json.dumps(sorted(set(keys))),
            "components": json.dumps({c.name: [c.kind, c.artifact] for c in slot.components}),
            "edges": json.dumps(edges),
            **(more or {}),
        },
    }
