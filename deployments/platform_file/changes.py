"""The differences between the document and the tables, each with its sentence and how to make it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from deployments.models import Environment, Region, Target
from events import clock

ENVIRONMENT_FIELDS = ("purpose", "access", "data_class", "deployers", "zone", "strategy")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `carry_out` removes it. Later ones may need earlier ones."""

    sentence: str
    carry_out: Callable[[], object]


def changes(document: dict[str, Any]) -> Iterator[Change]:
    """Every difference, in an order in which they can be carried out."""
    yield from _regions(document)
    for position, entry in enumerate(document["environments"]):
        yield from _environment(position, entry)
    for target in document["targets"]:
        yield from _target(target)
    yield from _gone(document)


def _regions(document: dict[str, Any]) -> Iterator[Change]:
    present = {region.name: region for region in Region.objects.all()}
    for entry in document["regions"]:
        name, zone = entry["name"], entry.get("zone", "Etc/UTC")
        found = present.get(name)
        if found is None:
            yield Change(f"regions: {name} ({zone}) is new", _saving(Region(name=name, zone=zone)))
        elif found.zone != zone:
            text = f"regions: the zone of {name} becomes {zone} (was {found.zone})"
            found.zone = zone
            yield Change(text, _saving(found))


def _environment(position: int, entry: dict[str, Any]) -> Iterator[Change]:
    name, wanted = entry["name"], _wanted(position, entry)
    found = Environment.objects.filter(name=name).first()
    if found is None:
        yield Change(f"environments: {name} is new", _saving(Environment(name=name, **wanted)))
        return
    differing = [key for key, value in wanted.items() if getattr(found, key) != value]
    if not differing:
        return
    for key in differing:
        setattr(found, key, wanted[key])
    what = ", ".join("comes back" if key == "retired_at" else key for key in differing)
    yield Change(f"environments: {name} changes: {what}", _saving(found, update_fields=[*differing]))


def _wanted(position: int, entry: dict[str, Any]) -> dict[str, Any]:
    strategy = {**(entry.get("strategy") or {}), "regions": list(entry["regions"])}
    given = {
        "purpose": entry.get("purpose", ""),
        "access": entry.get("access", ""),
        "data_class": entry["data_class"],
        "deployers": list(entry["deployers"]),
        "zone": entry.get("zone", "Etc/UTC"),
        "strategy": strategy,
    }
    return {"position": position, **given, "retired_at": None}


def _target(entry: dict[str, Any]) -> Iterator[Change]:
    name = f"{entry['environment']} in {entry['region']}"
    wanted = {
        "driver": entry["driver"],
        "data_class": entry["data_class"],
        "settings": dict(entry.get("settings") or {}),
    }
    rows = Target.objects.filter(
        environment__name=entry["environment"], region__name=entry["region"], retired_at=None
    )
    found = rows.first()
    if found is None:
        yield Change(f"targets: {name} runs on {entry['driver']}", _making_target(entry, wanted))
        return
    differing = [key for key, value in wanted.items() if getattr(found, key) != value]
    if differing:
        for key in differing:
            setattr(found, key, wanted[key])
        yield Change(
            f"targets: {name} changes: {', '.join(differing)}", _saving(found, update_fields=differing)
        )


def _gone(document: dict[str, Any]) -> Iterator[Change]:
    """What left the file is retired; its runs and views stay readable."""
    environments = {entry["name"] for entry in document["environments"]}
    targets = {(t["environment"], t["region"]) for t in document["targets"]}
    for target in Target.objects.filter(retired_at=None).select_related("environment", "region"):
        if (target.environment.name, target.region.name) not in targets:
            yield Change(f"targets: {target} is retired", _retiring(target))
    for environment in Environment.objects.filter(retired_at=None):
        if environment.name not in environments:
            yield Change(f"environments: {environment.name} is retired", _retiring(environment))


def _making_target(entry: dict[str, Any], wanted: dict[str, Any]) -> Callable[[], object]:
    """Looks its environment and region up when it is carried out: they may be new in this file."""
    return lambda: Target.objects.create(
        environment=Environment.objects.get(name=entry["environment"]),
        region=Region.objects.get(name=entry["region"]),
        **wanted,
    )


def _saving(
    row: Region | Environment | Target, update_fields: list[str] | None = None
) -> Callable[[], object]:
    return lambda: row.save(update_fields=update_fields)


def _retiring(row: Environment | Target) -> Callable[[], object]:
    def retire() -> None:
        row.retired_at = clock.now()
        row.save(update_fields=["retired_at"])

    return retire
