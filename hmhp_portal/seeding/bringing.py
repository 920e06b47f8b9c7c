"""What a release of the example brings: its components as CI names them, with digests and a commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from hmhp_portal.seeding.history import Past

Configured = Callable[[str, str], Mapping[str, str]]
"""The configuration of a component's version."""


def brought(
    past: Past, artifact: Callable[[str, str], str], configured: Configured | None = None
) -> dict[str, dict[str, Any]]:
    """The components of a release of the past, as CI names them."""
    return {name: _entry(past, name, number, artifact, configured) for name, number in past.brings.items()}


def _entry(
    past: Past, name: str, number: str, artifact: Callable[[str, str], str], configured: Configured | None
) -> dict[str, Any]:
    entry: dict[str, Any] = {"artifact": artifact(name, number), "version": number}
    if configured is not None:
        return entry | {"configuration": dict(configured(name, number))}
    if name == "records" and past.migration != "none":
        entry["migration"] = {"class": past.migration, "hash": artifact("records-migrations", number)[:23]}
    return entry


def commit_of(version: str) -> str:
    """A commit's hash for a release of the example."""
    return hashlib.sha1(f"commit {version}".encode(), usedforsecurity=False).hexdigest()


def artifacts_of(built: Mapping[str, Any]) -> Callable[[str, str], str]:
    """Digests by component and version: the real one where the example has it, else one of its own."""
    real = {
        (part.component, part.version): part.artifact for parts in built.values() for part in parts.values()
    }

    def artifact(name: str, version: str) -> str:
        digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
        return str(real.get((name, version), f"sha256:{digest}"))

    return artifact
