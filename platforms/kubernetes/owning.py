"""Objects of others under a name that one of ours is to have: never taken over unasked, or merged into.

Called by whatever applies an object. What is new is made without being asked for first.
"""

from __future__ import annotations

from typing import Any

from platforms.base import PlatformRefused
from platforms.kubernetes import names
from platforms.kubernetes.names import Kind
from platforms.kubernetes.refusals import Conflict
from platforms.kubernetes.target import Target, label

JSON = dict[str, Any]
MERGED = frozenset({names.CONFIG_MAP, names.SERVICE_ACCOUNT})
"""Kinds that an apply would quietly merge into another's: there is no field that both must have."""


def ours(target: Target, live: JSON) -> None:
    """Refused unless the object carries our labels."""
    if (
        label(live, names.MANAGED_BY) == names.FIELD_MANAGER
        and label(live, names.ENVIRONMENT) == target.environment
    ):
        return
    fields = live["metadata"].get("managedFields") or [{}]
    who = label(live, names.MANAGED_BY) or fields[-1].get("manager") or "somebody else"
    raise PlatformRefused(
        "owned",
        f"The {live['kind']} {live['metadata']['name']} belongs to {who}; hand it over by the labels "
        f"{names.MANAGED_BY}={names.FIELD_MANAGER} and {names.ENVIRONMENT}={target.environment}, "
        "or give it another name.",
    )


def apply(target: Target, kind: Kind, item: JSON, *, new: bool, force: bool = False) -> JSON:
    """Have this object; `new` when nobody has seen one of ours by that name. Raises PlatformRefused."""
    if new and kind in MERGED:
        try:
            return target.api.create(kind, target.namespace, item)
        except Conflict:
            _asked(target, kind, item)
    try:
        return target.api.apply(kind, target.namespace, item, force=force)
    except PlatformRefused:
        _asked(target, kind, item)  # whose it is says more than the field that they differ in
        raise


def tried(target: Target, kind: Kind, item: JSON) -> JSON:
    """What an apply would make of it, with nothing written."""
    try:
        found = target.api.apply(kind, target.namespace, item, dry_run=True)
    except PlatformRefused:
        _asked(target, kind, item)
        raise
    if kind in MERGED and found["metadata"].get("resourceVersion"):  # which only what is there has
        _asked(target, kind, item)
    return found


def _asked(target: Target, kind: Kind, item: JSON) -> None:
    live = target.api.find(kind.path(target.namespace, item["metadata"]["name"]))
    if live is not None:
        ours(target, {"kind": kind.kind, **live})
