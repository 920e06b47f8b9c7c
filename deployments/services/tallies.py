"""Add up what each colour has served, over restarts of the proxy that counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import add as plus
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


@dataclass(slots=True)
class Counted:
    """One slot in one region: the counters as last seen, and what came together since the first look."""

    raw: dict[str, Served] = field(default_factory=dict)
    total: dict[str, Served] = field(default_factory=dict)


Rows = dict[str, Counted]
"""Slot → what was counted of it in one region."""


def kept(run: DeploymentRun) -> dict[str, Rows]:
    """What was counted so far, by region."""
    stored = Tally.objects.filter(run=run).values_list("region", "slot", "raw", "total")
    found: dict[str, Rows] = {}
    for region, slot, raw, total in stored:
        found.setdefault(region, {})[slot] = Counted(as_served(raw), as_served(total))
    return found


def add(run: DeploymentRun, region: str, seen: Observation, rows: Rows) -> Parts:
    """Count this observation in; returns the totals of every slot since the run first looked.

    `rows` are those of the region as they are kept, and are brought up to date; one whose counters stand
    still is not written again. What a slot had served before the first look belongs to no run: it only sets
    the starting point.
    """
    fresh, grew = not rows, []
    for slot, parts in _raw(seen).items():
        row = rows.setdefault(slot, Counted())
        if parts.items() <= row.raw.items():
            continue
        for component, now in parts.items():
            before = row.raw.get(component, now if fresh else Served())
            row.total[component] = grown(row.total.get(component, Served()), before, now)
            row.raw[component] = now
        grew.append(slot)
    upsert([_row(run, region, slot, rows[slot]) for slot in grew], ("run", "region", "slot"), WRITTEN)
    return {slot: dict(row.total) for slot, row in rows.items()}


WRITTEN = ("raw", "total", "at")


def _row(run: DeploymentRun, region: str, slot: str, counted: Counted) -> Tally:
    raw, total = _as_json(counted.raw), _as_json(counted.total)
    return Tally(run=run, region=region, slot=slot, raw=raw, total=total, at=clock.now())


def _as_json(parts: Mapping[str, Served]) -> dict[str, Any]:
    return {component: served.as_json() for component, served in parts.items()}


def summed(parts: Mapping[str, Mapping[str, Served]]) -> dict[str, Served]:
    """Slot → served over all of its edge components."""
    return {slot: reduce(plus, by_name.values()) for slot, by_name in parts.items() if by_name}


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
