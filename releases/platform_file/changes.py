"""The differences between the document and the tables, each with its sentence and how to make it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models

from events import clock
from releases.freezing import read_span
from releases.models import Component, FactDefinition, Freeze, ItemDefinition
from releases.states import ItemList

FILE = "file"
Row = Component | FactDefinition | ItemDefinition


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `carry_out` removes it."""

    sentence: str
    carry_out: Callable[[], object]


def changes(document: dict[str, Any], actor_id: str = "") -> Iterator[Change]:
    """Every difference, in an order in which they can be carried out."""
    yield from _section("components", _components(document), {c.name: c for c in Component.objects.all()})
    for section, kind in (("checklist", ItemList.CHECKLIST), ("validations", ItemList.VALIDATION)):
        present = {item.name: item for item in ItemDefinition.objects.filter(list=kind)}
        yield from _section(section, _items(document, section, kind), present)
    yield from _section("facts", _facts(document), {f.name: f for f in FactDefinition.objects.all()})
    yield from _freezes(document, actor_id)


def _section(section: str, wanted: list[Row], present: dict[str, Any]) -> Iterator[Change]:
    names = {row.name for row in wanted}
    for row in wanted:
        found = present.get(row.name)
        if found is None:
            yield Change(f"{section}: {row.name} is new", _saving(row))
            continue
        differing = [name for name in _fields(row) if getattr(found, name) != getattr(row, name)]
        if differing:
            for name in differing:
                setattr(found, name, getattr(row, name))
            what = ", ".join("comes back" if name == "retired_at" else name for name in differing)
            yield Change(f"{section}: {row.name} changes: {what}", _saving(found))
    for name, found in present.items():
        if name not in names and found.retired_at is None:
            yield Change(f"{section}: {name} is retired", _retiring(found))


def _fields(row: models.Model) -> list[str]:
    return [field.name for field in row._meta.concrete_fields if field.name not in ("id", "list", "name")]


def _components(document: dict[str, Any]) -> list[Row]:
    return [
        Component(
            name=entry["name"],
            kind=entry["kind"],
            edge=bool(entry.get("edge")),
            drain_seconds=entry.get("drain_seconds") or 0,
            manifest=entry.get("manifest") or {},
            position=position,
        )
        for position, entry in enumerate(document["components"])
    ]


def _items(document: dict[str, Any], section: str, kind: ItemList) -> list[Row]:
    return [
        ItemDefinition(
            list=kind.value,
            name=entry["name"],
            title=entry["title"],
            about_artefacts=bool(entry.get("about_artefacts")),
            position=position,
        )
        for position, entry in enumerate(document.get(section) or [])
    ]


def _facts(document: dict[str, Any]) -> list[Row]:
    return [
        FactDefinition(
            name=entry["name"],
            title=entry["title"],
            max_age_seconds=entry["max_age_seconds"],
            moments=entry.get("moments", ["start"]),
            who=entry.get("who") or [],
            position=position,
        )
        for position, entry in enumerate(document.get("facts") or [])
    ]


def _freezes(document: dict[str, Any], actor_id: str) -> Iterator[Change]:
    """A freeze that changed is another one: the old row stays as history."""
    present = {freeze.name: freeze for freeze in Freeze.objects.filter(source=FILE, removed_at=None)}
    wanted = [_freeze(entry, document, actor_id) for entry in document.get("freezes") or []]
    for freeze in wanted:
        found = present.get(freeze.name)
        if found is None:
            yield Change(f"freezes: “{freeze.name}” is new", _saving(freeze))
        elif _told(found) != _told(freeze):
            yield Change(f"freezes: “{freeze.name}” changes", _replacing(found, freeze, actor_id))
    names = {freeze.name for freeze in wanted}
    for name, found in present.items():
        if name not in names:
            yield Change(f"freezes: “{name}” is removed", _removing(found, actor_id))


def _freeze(entry: dict[str, Any], document: dict[str, Any], actor_id: str) -> Freeze:
    freeze = Freeze(
        name=entry["name"],
        reason=entry["reason"],
        environments=entry.get("environments") or [document["environments"][-1]["name"]],
        passes=entry.get("passes") or [],
        by=actor_id,
        source=FILE,
        added_at=clock.now(),
    )
    read_span(entry, "", {}).put(freeze)
    return freeze


def _told(freeze: Freeze) -> tuple[Any, ...]:
    return (
        freeze.starts_at,
        freeze.ends_at,
        freeze.from_day,
        freeze.from_time,
        freeze.to_day,
        freeze.to_time,
        freeze.zone,
        freeze.environments,
        freeze.passes,
        freeze.reason,
    )


def _saving(row: models.Model) -> Callable[[], object]:
    return row.save


def _retiring(row: Row) -> Callable[[], object]:
    def retire() -> None:
        row.retired_at = clock.now()
        row.save(update_fields=["retired_at"])

    return retire


def _removing(freeze: Freeze, actor_id: str) -> Callable[[], object]:
    def remove() -> None:
        freeze.removed_at, freeze.removed_by = clock.now(), actor_id
        freeze.save(update_fields=["removed_at", "removed_by"])

    return remove


def _replacing(old: Freeze, new: Freeze, actor_id: str) -> Callable[[], object]:
    def replace() -> None:
        _removing(old, actor_id)()
        new.save(force_insert=True)

    return replace
