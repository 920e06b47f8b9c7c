"""Acts past the portal, written down when they are seen: late, with their true time and person.

Called under the run's fence by a look, and by the way back before it writes anything. An act is told
once: its mark, time and person name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accounts.actors import system
from deployments.models import DeploymentRun
from deployments.services.progress import Line, masked
from deployments.states import LineKind
from events.services import record
from platforms.base import Observation

ACTOR = system("offline").id
KIND = "run.sent_back_offline"


def note(run: DeploymentRun, regions: Mapping[str, Observation]) -> list[Line]:
    """One line for each act that this run has not told yet; remembers it in `run.memory` (not saved)."""
    told = dict(run.memory.get("acts", {}))
    lines = []
    for region, seen in regions.items():
        if not seen.mark or told.get(region) == seen.act:
            continue
        told[region] = seen.act
        at = seen.marked_at.isoformat() if seen.marked_at else ""
        data = {
            "late": True,
            "region": region,
            "by": masked(seen.marked_by),
            "happened_at": at,
            "reason": masked(seen.mark_reason),
            "weights": {slot: weight for slot, weight in seen.weights.items() if weight},
            "fence": seen.fence,
        }
        who = data["by"] or "somebody"
        text = f"{region}: {who} acted past the portal{f' at {at}' if at else ''}. Late entry."
        lines.append(Line(LineKind.STATE, text, region, level="warning", data=data))
    if lines:
        run.memory = {**run.memory, "acts": told}
    return lines


def record_all(run: DeploymentRun, lines: Sequence[Line]) -> None:
    """One event for each of the lines that tells of an act; last in the transaction, as all events are."""
    for line in lines:
        if line.data.get("late"):
            data = {"run": run.pk, "environment": run.environment.name, **line.data}
            record(run.stream, KIND, ACTOR, data=data, reason=str(line.data["reason"]))
