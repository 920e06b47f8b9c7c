"""What is live where, from observation: which artefacts of which release answer in each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.models import DeploymentRun, Environment, Target, TargetView


@dataclass(frozen=True, slots=True)
class LiveComponent:
    """One component in the slot that serves. `version` is empty where no run of ours explains it."""

    name: str
    kind: str
    version: str
    artifact: str
    ready: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LiveTarget:
    """One environment in one region. Without `seen_at` it was never observed; nothing is known then."""

    environment: str
    region: str
    zone: str
    data_class: str
    release: str
    slot: str
    weights: dict[str, int]
    background: str
    components: tuple[LiveComponent, ...]
    addresses: dict[str, str]
    reachable: bool
    sentence: str
    mark: str
    seen_at: datetime | None
    tried_at: datetime | None


def live_where(environment: Environment | None = None) -> list[LiveTarget]:
    """Every live target in the order of the ladder, as it was last seen."""
    rows = Target.objects.filter(retired_at=None, environment__retired_at=None)
    rows = rows.select_related("environment", "region", "view")
    if environment is not None:
        rows = rows.filter(environment=environment)
    targets = list(rows.order_by("environment__position", "id"))
    contents = _contents(targets)
    return [_live(target, contents) for target in targets]


def _contents(targets: Sequence[Target]) -> dict[tuple[int, str], dict[str, Any]]:
    """Components by environment and slot, of the runs that may have made what is there."""
    views = [view for view in (getattr(target, "view", None) for target in targets) if view is not None]
    slots = {slot for view in views for slot in view.slots}
    environments = {target.environment_id for target in targets}
    runs = DeploymentRun.objects.filter(environment_id__in=environments, slot__in=slots).order_by("id")
    return {
        (env, slot): content.get("components", {})
        for env, slot, content in runs.values_list("environment_id", "slot", "content")
    }


def _live(target: Target, contents: dict[tuple[int, str], dict[str, Any]]) -> LiveTarget:
    view: TargetView | None = getattr(target, "view", None)
    weights = {slot: int(w) for slot, w in (view.weights if view else {}).items() if w}
    slot = max(weights, key=lambda name: weights[name]) if weights else ""
    seen = (view.slots if view else {}).get(slot, {})
    known = contents.get((target.environment_id, slot), {})
    components = tuple(
        LiveComponent(
            c["name"],
            c["kind"],
            str(known.get(c["name"], {}).get("version", "")),
            c["artifact"],
            bool(c["ready"]),
            c["reason"],
        )
        for c in seen.get("components", ())
    )
    return LiveTarget(
        environment=target.environment.name,
        region=target.region.name,
        zone=target.region.zone,
        data_class=target.data_class,
        release=str(seen.get("release", "")),
        slot=slot,
        weights=weights,
        background=view.background if view else "",
        components=components,
        addresses=dict(view.addresses) if view else {},
        reachable=bool(view and view.reachable),
        sentence=view.sentence if view else "Not observed yet.",
        mark=view.mark if view else "",
        seen_at=view.seen_at if view else None,
        tried_at=view.tried_at if view else None,
    )
