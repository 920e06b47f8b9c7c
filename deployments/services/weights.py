"""Weights as they were seen to change, whoever changed them: a line for people, an event for the record."""

from __future__ import annotations

from deployments.models import DeploymentRun
from deployments.services.outcomes import ENGINE
from deployments.services.progress import Line
from deployments.states import LineKind
from events.services import record
from platforms.base import Observation


def record_all(run: DeploymentRun, lines: list[Line]) -> None:
    """One event for each line that tells of changed weights."""
    for line in lines:
        if line.kind == LineKind.WEIGHT:
            record(run.stream, "run.weights_changed", ENGINE, data={"run": run.pk, **line.data})


def moved(run: DeploymentRun, regions: dict[str, Observation]) -> list[Line]:
    """Weights that are other than at the last look, whoever changed them."""
    known = dict(run.memory.get("weights", {}))
    lines = []
    for region, seen in regions.items():
        now = {slot: int(w) for slot, w in seen.weights.items() if w}
        if known.get(region, now) != now:
            text = f"{region}: " + (", ".join(f"{s} {w} %" for s, w in sorted(now.items())) or "no traffic")
            data = {"region": region, "before": known[region], "after": now, "green": now.get(run.slot, 0)}
            lines.append(Line(LineKind.WEIGHT, text, region, data=data))
        known[region] = now
    run.memory = {**run.memory, "weights": known}
    return lines
