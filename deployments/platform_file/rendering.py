"""What of a document's components cannot be rendered for its Kubernetes targets, and its settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from events.platform_file import Problem
from platforms.registry import RENDERING, render, settings_problems

ANY_DIGEST = "sha256:" + "0" * 64
"""Stands for the digests that releases will bring."""


def check(document: dict[str, Any]) -> Iterator[Problem]:
    """Wrong settings of targets, shares that a target cannot give, and components that cannot be coloured."""
    targets = [
        (n, t) for n, t in enumerate(document["targets"]) if isinstance(t, dict) and t["driver"] in RENDERING
    ]
    strategies = {entry["name"]: entry.get("strategy") or {} for entry in document["environments"]}
    good: dict[str, dict[str, Any]] = {}
    for position, target in targets:
        settings = target.get("settings") or {}
        found = settings_problems(target["driver"], settings)
        yield from (Problem(f"targets[{position}].settings", text) for text in found)
        if not found:
            good.setdefault(target["environment"], target)
            yield from _shares(position, target, strategies.get(target["environment"], {}))
    for environment, target in good.items():
        yield from _components(document, environment, target)


def _shares(position: int, target: dict[str, Any], strategy: dict[str, Any]) -> Iterator[Problem]:
    weights = strategy.get("weights", [10, 25, 50, 100])
    if (
        target["settings"].get("gateway")
        or strategy.get("kind", "blue_green") == "switch"
        or weights == [100]
    ):
        return
    yield Problem(
        f"targets[{position}].settings.gateway",
        f"{target['environment']} shares its traffic by weight, and this target has no gateway: "
        "without one it can only be cut over (strategy kind switch, or weights [100]).",
    )


def _components(document: dict[str, Any], environment: str, target: dict[str, Any]) -> Iterator[Problem]:
    places = {entry["name"]: position for position, entry in enumerate(document["components"])}
    entries = {entry["name"]: {**entry, "artifact": ANY_DIGEST} for entry in document["components"]}
    _, problems = render(target["driver"], entries, environment, target["settings"])
    for text in problems:
        name = text.partition(":")[0]
        where = f"components[{places[name]}].manifest" if name in places else "components"
        yield Problem(where, f"{environment}: {text}")
