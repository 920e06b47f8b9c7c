"""What goes over the socket between the driver and the agent: base.py's dataclasses as JSON.

Both ends import this module, so that a field is written and read in one place. `read_*` raise
PlatformRefused (`invalid`) for JSON of the wrong shape.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, get_args

from platforms.base import (
    ComponentKind,
    ComponentSpec,
    ComponentState,
    EdgeStats,
    JobResult,
    JobSpec,
    Observation,
    PlatformRefused,
    ProbeResult,
    Routing,
    SlotSpec,
    SlotState,
)
from platforms.local.digest import DIGEST

VERSION = "1"
"""Of this protocol; the agent tells it in every probe."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""Environments, regions, slots and components: they become folders, cookies and variables."""

JSON = dict[str, Any]


def name(value: object, what: str) -> str:
    """`value` when it can be a name; else a refusal that says what was meant."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise PlatformRefused(
            "invalid", f"{value!r} cannot be the name of {what}: letters, digits, dot, dash, at most 63."
        )
    return value


def number(value: object, what: str, low: int = 0, high: int = 2**62) -> int:
    """`value` when it is a whole number between `low` and `high`; else a refusal."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise PlatformRefused("invalid", f"{what} must be a whole number, {low} to {high}, not {value!r}.")
    return value


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """`value` when it is a JSON object; else a refusal."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise PlatformRefused("invalid", f"{what} must be an object.")
    return value


def write_slot(slot: SlotSpec) -> JSON:
    """A colour, whole."""
    return {
        "slot": slot.slot,
        "release": slot.release,
        "components": [_write_component(component) for component in slot.components],
    }


def _write_component(component: ComponentSpec) -> JSON:
    return {
        "name": component.name,
        "kind": component.kind,
        "artifact": component.artifact,
        "edge": component.edge,
        "manifest": dict(component.manifest),
        "configuration": dict(component.configuration),
        "drain_seconds": component.drain_seconds,
    }


def read_slot(value: object) -> SlotSpec:
    """A colour as it came over the socket or out of the state file."""
    raw = mapping(value, "slot")
    entries = raw.get("components")
    if not isinstance(entries, list | tuple):
        raise PlatformRefused("invalid", "A slot has a list of components.")
    components = tuple(_read_component(entry) for entry in entries)
    names = [component.name for component in components]
    if len(set(names)) != len(names):
        raise PlatformRefused("invalid", "A slot names a component twice.")
    release = raw.get("release", "")
    if not isinstance(release, str) or len(release) > 200 or not release.isprintable():
        raise PlatformRefused("invalid", "The release of a slot must be at most 200 printable characters.")
    return SlotSpec(name(raw.get("slot"), "a slot"), release, components)


def _read_component(value: object) -> ComponentSpec:
    raw = mapping(value, "component")
    label = name(raw.get("name"), "a component")
    if raw.get("kind") not in get_args(ComponentKind):
        raise PlatformRefused("invalid", f"{label}: its kind must be one of http, worker and schedule.")
    artifact = raw.get("artifact")
    if not isinstance(artifact, str) or not DIGEST.fullmatch(artifact):
        raise PlatformRefused("invalid", f"{label}: {artifact!r} is not sha256: and 64 hex digits.")
    configuration = mapping(raw.get("configuration", {}), f"configuration of {label}")
    if not all(isinstance(text, str) for text in configuration.values()):
        raise PlatformRefused("invalid", f"{label}: every value of its configuration must be text.")
    return ComponentSpec(
        name=label,
        kind=raw["kind"],
        artifact=artifact,
        edge=raw.get("edge") is True,
        manifest=mapping(raw.get("manifest", {}), f"manifest of {label}"),
        configuration=configuration,
        drain_seconds=number(raw.get("drain_seconds", 0), f"drain_seconds of {label}", high=86_400),
    )


def write_job(job: JobSpec) -> JSON:
    """A job that shall run."""
    return asdict(job)


def read_job(value: object) -> JobSpec:
    """A job as it came over the socket."""
    raw = mapping(value, "job")
    key = raw.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= 500:
        raise PlatformRefused("invalid", "A job has a key of 1 to 500 characters.")
    return JobSpec(
        key=key,
        slot=name(raw.get("slot"), "a slot"),
        component=name(raw.get("component"), "a component"),
        name=str(raw.get("name", "")),
        timeout_seconds=number(raw.get("timeout_seconds", 300), "timeout_seconds", low=1, high=86_400),
    )


def write_job_result(result: JobResult) -> JSON:
    """Where a job stands."""
    return asdict(result)


def read_job_result(raw: JSON) -> JobResult:
    """Where a job stands, as the agent told it."""
    return JobResult(raw["key"], raw["state"], raw["exit_code"], tuple(raw["lines"]), raw["truncated"])


def write_routing(routing: Routing) -> JSON:
    """The wanted weights and background."""
    return {"weights": dict(routing.weights), "background": routing.background}


def read_routing(value: object) -> Routing:
    """The wanted routing; refused unless the weights are empty or sum to 100."""
    raw = mapping(value, "routing")
    weights = {
        name(slot, "a slot"): number(weight, f"the weight of {slot}", high=100)
        for slot, weight in mapping(raw.get("weights", {}), "weights").items()
    }
    if weights and sum(weights.values()) != 100:
        raise PlatformRefused("invalid", f"The weights sum to {sum(weights.values())}, not to 100.")
    background = raw.get("background")
    return Routing(weights, None if background is None else name(background, "a slot"))


def write_probe(result: ProbeResult) -> JSON:
    """What the agent says of a slot that shall run later."""
    return asdict(result)


def read_probe(raw: JSON) -> ProbeResult:
    """The same, at the other end."""
    return ProbeResult(raw["data_class"], raw["version"], tuple(raw["problems"]))


def write_edge(edge: EdgeStats) -> JSON:
    """Counters of one edge component in one slot; JSON knows no infinity, so its bound is null."""
    raw = asdict(edge)
    raw["latency_ms"] = [
        [None if math.isinf(bound) else bound, count] for bound, count in edge.latency_ms.items()
    ]
    return raw


def read_edge(raw: JSON) -> EdgeStats:
    """The same, at the other end."""
    latency = {math.inf if bound is None else float(bound): count for bound, count in raw["latency_ms"]}
    return EdgeStats(**{**raw, "latency_ms": latency})


def write_observation(seen: Observation) -> JSON:
    """What is really there."""
    names = ("region", "fence", "background", "mark", "marked_by", "mark_reason")
    raw = {name: getattr(seen, name) for name in names}
    return {
        **raw,
        "at": seen.at.isoformat(),
        "marked_at": seen.marked_at.isoformat() if seen.marked_at else "",
        "weights": dict(seen.weights),
        "addresses": dict(seen.addresses),
        "slots": [asdict(slot) for slot in seen.slots],
        "edges": [write_edge(edge) for edge in seen.edges],
    }


def read_observation(raw: JSON) -> Observation:
    """What is really there, at the other end."""
    slots = tuple(
        SlotState(s["slot"], s["release"], tuple(ComponentState(**c) for c in s["components"]))
        for s in raw["slots"]
    )
    return Observation(
        region=raw["region"],
        at=datetime.fromisoformat(raw["at"]),
        fence=raw["fence"],
        slots=slots,
        weights=raw["weights"],
        background=raw["background"],
        edges=tuple(read_edge(edge) for edge in raw["edges"]),
        addresses=raw["addresses"],
        mark=raw["mark"],
        marked_by=raw.get("marked_by", ""),
        marked_at=datetime.fromisoformat(raw["marked_at"]) if raw.get("marked_at") else None,
        mark_reason=raw.get("mark_reason", ""),
    )
