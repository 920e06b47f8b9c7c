"""Could this target run that slot? Asked of the API server itself, with nothing kept.

Called by preflight and configure. Every object is applied as a dry run, so that admission, quota,
rights and schema speak before anything is written.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from platforms.base import PlatformRefused, ProbeResult, SlotSpec
from platforms.kubernetes import names, preview, slots, together
from platforms.kubernetes.refusals import Missing
from platforms.kubernetes.target import Target, label

JSON = dict[str, Any]
MOST_PROBLEMS = 10


def probe(target: Target, slot: SlotSpec, data_class: str) -> ProbeResult:
    """What the namespace says of its data, and every reason why the slot could not be started."""
    (told, (place, (found, problems))), (wrong, made) = together.both(
        lambda: together.both(
            lambda: target.api.get("/version"),
            lambda: together.both(lambda: _gateway(target), lambda: _namespace(target)),
        ),
        lambda: _slot(target, slot),
    )
    version = str(told.get("gitVersion") or "")
    problems = problems + place or wrong  # a place that is not there makes every object wrong
    mark = preview.fingerprint(made, slot.slot) if made and not problems else ""
    most = tuple(problems[:MOST_PROBLEMS])
    return ProbeResult(label(found, names.DATA_CLASS) or data_class, version, most, mark)


def _namespace(target: Target) -> tuple[JSON, list[str]]:
    try:
        found = target.api.get(f"/api/v1/namespaces/{target.namespace}")
    except Missing:
        return {}, [
            f"There is no namespace {target.namespace} in the cluster of {target.region}; make it first."
        ]
    except PlatformRefused as error:
        if error.code != "forbidden":
            raise
        return {}, [error.reason]
    if found["metadata"].get("deletionTimestamp"):
        return found, [f"The namespace {target.namespace} is being deleted."]
    return found, []


def _gateway(target: Target) -> list[str]:
    if target.settings.gateway is None:
        return []
    try:
        target.api.list(names.ROUTE, target.namespace, target.selector, limit=1)
    except Missing:
        return ["The cluster does not know HTTPRoute: install the Gateway API, or leave gateway out."]
    except PlatformRefused as error:
        return [error.reason]
    return []


def _slot(target: Target, slot: SlotSpec) -> tuple[list[str], list[JSON]]:
    """What is wrong with the slot's objects, and what the API server would make of each."""
    problems: list[str] = []
    made: list[JSON] = []
    wanted: list[tuple[str, JSON]] = []
    for component in slot.components:
        try:
            wanted += [(component.name, item) for item in slots.objects_of(target, slot, component)]
        except PlatformRefused as error:
            problems.append(error.reason)
    tries = together.each(partial(_tried, target, item) for _, item in wanted)
    for (name, _), answer in zip(wanted, tries, strict=True):
        if isinstance(answer, str):
            problems.append(f"{name}: {answer}")
        else:
            made.append(answer)
    return list(dict.fromkeys(problems)), made


def _tried(target: Target, item: JSON) -> JSON | str:
    """The object as it would be, or why it cannot be."""
    try:
        return preview.tried(target, item)
    except PlatformRefused as error:
        return f"{item['kind']} {item['metadata']['name']}: {error.reason}"
    except Missing:
        return f"the cluster does not know {item['kind']} ({item['apiVersion']})."
