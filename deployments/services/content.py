"""Reading a frozen content: what a driver is to run, and what is wrong with it.

The content is built and sealed by `releases`; this room only turns it into `platforms.base` values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deployments.errors import ContentInvalid
from deployments.models import DeploymentRun
from events import canonical
from platforms.base import ComponentSpec, SlotSpec

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
EXPANDING = frozenset({"expand", "contract", "irreversible"})
"""Classes of migration that change a database: each may bring an expand and a contract phase."""


def check_content(content: Mapping[str, Any], content_hash: str) -> None:
    """Raise ContentInvalid unless the hash names this content and every component can be run."""
    if canonical.sha256(content) != content_hash:
        raise ContentInvalid("The content is not the one that its hash names.")
    components = content.get("components")
    if not isinstance(components, dict) or not components:
        raise ContentInvalid("The content names no component.", fields={"content.components": ["is empty"]})
    fields: dict[str, list[str]] = {}
    for name, entry in components.items():
        if entry.get("kind") not in ("http", "worker", "schedule"):
            fields[f"content.components.{name}.kind"] = ["must be http, worker or schedule"]
        if not DIGEST.fullmatch(str(entry.get("artifact", ""))):
            fields[f"content.components.{name}.artifact"] = ["must be sha256: and 64 hex digits"]
    if fields:
        raise ContentInvalid("Some components cannot be run as they are named.", fields=fields)


def slot_spec(run: DeploymentRun, *, empty: bool = False) -> SlotSpec:
    """The run's colour as a driver takes it; `empty` makes room without starting anything."""
    spec = spec_of(run.content, run.environment.name, slot=run.slot, release=run.subject)
    components = () if empty else spec.components
    return replace(spec, components=components, run=str(run.pk or ""), seal=run.seal)


def spec_of(content: Mapping[str, Any], environment: str, *, slot: str, release: str) -> SlotSpec:
    """A content as a driver takes it in that environment."""
    objects = (content.get("objects") or {}).get(environment) or {}
    parts = sorted(content["components"].items())
    specs = tuple(_component(name, entry, objects.get(name, ())) for name, entry in parts)
    return SlotSpec(slot=slot, release=release, components=specs)


def artifacts(run: DeploymentRun) -> dict[str, str]:
    """The wanted digest of every component."""
    return {name: str(entry["artifact"]) for name, entry in sorted(run.content["components"].items())}


def has_background(run: DeploymentRun | None) -> bool:
    """Does that content bring workers or schedules?"""
    return run is not None and any(e["kind"] != "http" for e in run.content["components"].values())


def drain_seconds(run: DeploymentRun) -> int:
    """The longest time that any component lets open connections end in their colour."""
    return max((int(e.get("drain_seconds") or 0) for e in run.content["components"].values()), default=0)


def migrating(
    run: DeploymentRun, classes: frozenset[str], job: str, since: DeploymentRun | None
) -> list[str]:
    """Components whose migration is of these classes, brings that job, and is new since `since`."""
    return [
        name
        for name, entry in sorted(run.content["components"].items())
        if (entry.get("migration") or {}).get("class") in classes
        and job in jobs_of(entry)
        and not _same_migration(entry, since, name)
    ]


def without_job(
    run: DeploymentRun, classes: frozenset[str], job: str, since: DeploymentRun | None
) -> list[str]:
    """Components that declare a migration of these classes, new since `since`, but bring no such job."""
    return [
        name
        for name, entry in sorted(run.content["components"].items())
        if (entry.get("migration") or {}).get("class") in classes
        and job not in jobs_of(entry)
        and not _same_migration(entry, since, name)
    ]


def jobs_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The jobs that a component's manifest names."""
    found = (entry.get("manifest") or {}).get("jobs") or {}
    return found if isinstance(found, Mapping) else {}


def _same_migration(entry: Mapping[str, Any], since: DeploymentRun | None, name: str) -> bool:
    """True when what served before had the very same migration: it has been run."""
    before = since.content["components"].get(name) if since else None
    if before is None:
        return False
    ours, theirs = entry.get("migration") or {}, before.get("migration") or {}
    return bool(ours.get("hash")) and ours == theirs


def _component(name: str, entry: Mapping[str, Any], objects: Sequence[Mapping[str, Any]]) -> ComponentSpec:
    configuration = entry.get("configuration") or {}
    return ComponentSpec(
        name=name,
        kind=entry["kind"],
        artifact=entry["artifact"],
        edge=bool(entry.get("edge")),
        manifest=entry.get("manifest") or {},
        configuration={str(key): str(value) for key, value in configuration.items()},
        drain_seconds=int(entry.get("drain_seconds") or 0),
        objects=tuple(objects),
    )
