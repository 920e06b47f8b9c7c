"""Everything in a namespace that a first colour could be made of, asked once. Called by `finding`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.target import Target

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inventory:
    """The objects of a namespace by kind, whoever made them."""

    holders: tuple[JSON, ...]
    """Deployments and CronJobs."""
    pods: tuple[JSON, ...]
    services: tuple[JSON, ...]
    routes: tuple[JSON, ...]
    scalers: tuple[JSON, ...]
    budgets: tuple[JSON, ...]


def read(target: Target) -> Inventory:
    """Raises what a list of the API server raises."""
    holders = [*_all(target, names.DEPLOYMENT), *_all(target, names.CRON_JOB)]
    routes = _all(target, names.ROUTE) if target.settings.gateway else []
    return Inventory(
        holders=tuple(holders),
        pods=tuple(_all(target, names.POD)),
        services=tuple(_all(target, names.SERVICE)),
        routes=tuple(routes),
        scalers=tuple(_all(target, names.AUTOSCALER)),
        budgets=tuple(_all(target, names.BUDGET)),
    )


def _all(target: Target, kind: names.Kind) -> list[JSON]:
    own = {"kind": kind.kind, "apiVersion": kind.api_version}  # left out in a list
    return [item | own for item in target.api.list(kind, target.namespace)["items"]]


def pod_template(holder: JSON) -> JSON:
    """The template of a Deployment's or a CronJob's pods."""
    spec = holder["spec"]
    found: JSON = spec["jobTemplate"]["spec"]["template"] if holder["kind"] == "CronJob" else spec["template"]
    return found


def name_of(item: JSON) -> str:
    """`Kind name`, as people are told of an object."""
    return f"{item['kind']} {item['metadata']['name']}"


def labels_of(item: JSON) -> Mapping[str, str]:
    """An object's labels."""
    found: Mapping[str, str] = (item.get("metadata") or {}).get("labels") or {}
    return found


def chooses(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Would a Service with this selector, which names labels and values, choose a pod with these labels?"""
    return bool(selector) and all(labels.get(key) == value for key, value in (selector or {}).items())
