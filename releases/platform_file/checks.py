"""What the schema cannot say about components, lists, facts and freezes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from events import canonical
from events.platform_file import Problem
from releases.freezing import read_span
from releases.states import ComponentKind
from releases.texts import Faults

LISTS = ("components", "checklist", "validations", "facts", "freezes")


def check(document: dict[str, Any]) -> list[Problem]:
    """Every name given twice, wrong edge, manifest that cannot be hashed, and freeze that cannot be."""
    return [
        *(problem for section in LISTS for problem in _twice(document, section)),
        *_components(document),
        *_freezes(document),
        *_ladder(document),
    ]


def _twice(document: dict[str, Any], section: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, entry in enumerate(document.get(section) or []):
        if entry["name"] in seen:
            yield Problem(f"{section}[{position}].name", f"{entry['name']} is named twice.")
        seen.add(entry["name"])


def _components(document: dict[str, Any]) -> Iterator[Problem]:
    for position, entry in enumerate(document["components"]):
        path = f"components[{position}]"
        if entry.get("edge") and entry["kind"] != ComponentKind.HTTP:
            yield Problem(f"{path}.edge", "Only an http component stands at the edge.")
        try:
            canonical.dumps(entry.get("manifest") or {})
        except (ValueError, TypeError) as error:
            text = f"The manifest must hold texts, numbers, lists and objects only ({error})."
            yield Problem(f"{path}.manifest", text)


def _freezes(document: dict[str, Any]) -> Iterator[Problem]:
    known = [entry["name"] for entry in document["environments"]]
    for position, entry in enumerate(document.get("freezes") or []):
        path = f"freezes[{position}]"
        faults: Faults = {}
        read_span(entry, f"{path}.", faults)
        for where, sentences in faults.items():
            yield from (Problem(where, sentence) for sentence in sentences)
        for name in entry.get("environments") or []:
            if name not in known:
                yield Problem(
                    f"{path}.environments", f"{name} is not among the environments: {', '.join(known)}."
                )


def _ladder(document: dict[str, Any]) -> Iterator[Problem]:
    """Production starts only what the environment before it ran and validated."""
    if len(document["environments"]) < 2:
        yield Problem(
            "environments", "A release is staged before production: name at least two environments."
        )
