"""Add up what each colour has served, over restarts of the proxy that counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deployments.analysis import Served, grown
from deployments.models import DeploymentRun, Tally
from deployments.queries.progress import lines_of
from deployments.services.saving import upsert
from deployments.states import LineKind
from events import clock
from platforms.base import Observation

Parts = dict[str, dict[str, Served]]
"""Slot → edge component → served."""

Rows = dict[str, Tally]
"""Slot → its row in one region."""


def kept(run: DeploymentRun) -> dict[str, Rows]:
    """What was counted so far, by region."""
    stored = Tally.objects.filter(run=run).values_list("region", "slot", "raw", "total")
    found: dict[str, Rows] = {}
    for region, slot, raw, total in stored:
        row = Tally(run=run, region=region, slot=slot, raw=raw, total=total, at=clock.now())
        found.setdefault(region, {})[slot] = row
    return found


def add(run: DeploymentRun, region: str, seen: Observation, rows: Rows) -> Parts:
    """Count this observation in; returns the totals of every slot since the run first looked.

    `rows` are those of the region as they are kept, and are brought up to date.
    What a slot had served before the first look belongs to no run: it only sets the starting point.
    """
    fresh = not rows
    for row in rows.values():
        row.at = clock.now()
    for slot, parts in _raw(seen).items():
        row = rows.setdefault(slot, Tally(run=run, region=region, slot=slot, at=clock.now()))
        for component, now in parts.items():
            before = _part(row.raw, component)
            if before is None:
                before = now if fresh else Served()
            row.total[component] = grown(_part(row.total, component) or Served(), before, now).as_json()
            row.raw[component] = now.as_json()
    upsert(list(rows.values()), ("run", "region", "slot"), ("raw", "total", "at"))
    return {slot: {name: Served.of_json(v) for name, v in row.total.items()} for slot, row in rows.items()}


def summed(parts: Mapping[str, Mapping[str, Served]]) -> dict[str, Served]:
    """Slot → served over all of its edge components."""
    return {slot: sum(by_name.values(), Served()) for slot, by_name in parts.items()}


def before(run: DeploymentRun, region: str, moment: datetime) -> dict[str, Served]:
    """The totals by slot at the last sample taken until then; empty when none is as old."""
    if run.started_at is not None and moment < run.started_at:
        return {}
    samples = lines_of(run).filter(kind=LineKind.SAMPLE, region=region, at__lte=moment)
    line = samples.order_by("-seq").first()
    return as_served(line.data.get("served", {})) if line else {}


def as_served(value: Mapping[str, Any]) -> dict[str, Served]:
    """The JSON form of totals by slot, read back."""
    return {slot: Served.of_json(served) for slot, served in value.items()}


def _raw(seen: Observation) -> Parts:
    found: Parts = {}
    for edge in seen.edges:
        latency = {float(bound): int(count) for bound, count in edge.latency_ms.items()}
        found.setdefault(edge.slot, {})[edge.component] = Served(edge.requests, edge.errors, latency)
    return found


def _part(values: Mapping[str, Any], component: str) -> Served | None:
    return Served.of_json(values[component]) if component in values else None
