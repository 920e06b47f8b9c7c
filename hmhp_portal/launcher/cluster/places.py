"""The namespaces that a demo works in: made once, marked by its data folder, removed by `--fresh`.

A namespace without our mark is somebody else's and is not used. One that somebody made and handed over by
that mark is emptied of what we made, and stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from hmhp_portal.launcher.cluster.wish import MARK
from hmhp_portal.launcher.problem import Problem
from platforms.base import PlatformRefused
from platforms.kubernetes import names
from platforms.kubernetes.api import Api
from platforms.kubernetes.refusals import Conflict, Missing

ALL = "/api/v1/namespaces"
PATIENCE = 180.0
"""Seconds that pods may take to end before a namespace is gone."""


def missing(api: Api, namespaces: Iterable[str], mark: str) -> list[str]:
    """Those that are not there; raises Problem for one that is not ours, or that is just going."""
    found = []
    for name in namespaces:
        there = api.find(f"{ALL}/{name}")
        if there is None:
            found.append(name)
            continue
        if there["metadata"].get("deletionTimestamp"):
            raise Problem(f"the namespace {name} is being deleted; try again when it is gone.")
        owner = (there["metadata"].get("labels") or {}).get(MARK)
        if owner != mark:
            whose = "belongs to a demo of another data folder" if owner else "is not this demo's"
            raise Problem(
                f"the namespace {name} {whose}; choose other names with --namespace PREFIX, or hand it over: "
                f"kubectl label --overwrite namespace {name} {MARK}={mark}"
            )
    return found


def make(api: Api, name: str, mark: str, data_class: str) -> None:
    """Make a namespace of ours."""
    labels = {names.MANAGED_BY: names.FIELD_MANAGER, MARK: mark, names.DATA_CLASS: data_class}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    try:
        api.post(ALL, body)
    except Conflict:
        raise Problem(f"the namespace {name} was made by somebody else just now; try again.") from None


def remove(api: Api, environments: Mapping[str, str], mark: str, tell: Callable[[str], None]) -> None:
    """Have what a demo made gone: its own namespaces whole, in others its objects alone.

    `environments` tells each namespace's environment. Raises PlatformError and Problem.
    """
    going = []
    for name, environment in environments.items():
        there = api.find(f"{ALL}/{name}")
        labels = (there or {}).get("metadata", {}).get("labels") or {}
        if there is None or labels.get(MARK) != mark:
            continue
        if labels.get(names.MANAGED_BY) == names.FIELD_MANAGER:
            api.remove(f"{ALL}/{name}")
            going.append(name)
        else:
            _empty(api, name, environment)
    if going:
        tell(f"Removing what the demo made on the cluster: {', '.join(going)}")
    deadline = time.monotonic() + PATIENCE
    while any(api.find(f"{ALL}/{name}") for name in going):
        if time.monotonic() > deadline:
            raise Problem(f"of the namespaces {', '.join(going)} not all are gone yet; try again in a while.")
        time.sleep(0.3)


def _empty(api: Api, namespace: str, environment: str) -> None:
    chosen = f"{names.MANAGED_BY}={names.FIELD_MANAGER},{names.ENVIRONMENT}={environment}"
    for kind in (names.ROUTE, names.JOB, names.POD, *reversed(names.COLOURED)):
        try:
            api.delete_all(kind, namespace, chosen)
        except (PlatformRefused, Missing):
            if kind not in (names.EXTERNAL_SECRET, names.ROUTE, names.POD):
                raise
