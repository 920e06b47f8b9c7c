"""What is live where, from observation: which artefacts of which release answer in each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from deployments.models import DeploymentRun, Environment, Target, TargetView
from deployments.queries.drift import Approved, differences


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
    drift: tuple[str, ...] = ()
    """What runs there otherwise than approved; says nothing of an environment in which a run is under way."""


def live_where(environment: Environment | None = None) -> list[LiveTarget]:
    """Every live target in the order of the ladder, as it was last seen."""
    rows = Target.objects.filter(retired_at=None, environment__retired_at=None)
    rows = rows.select_related("environment", "region", "view")
    if environment is not None:
        rows = rows.filter(environment=environment)
    targets = list(rows.order_by("environment__position", "id"))
    made = _made(targets)
    contents = {(run.environment_id, run.slot): run.content.get("components", {}) for run in made}
    serving = {run.pk: Approved(run.subject, run.slot, run.content.get("components", {})) for run in made}
    return [_live(target, contents, serving) for target in targets]


def _made(targets: Sequence[Target]) -> list[DeploymentRun]:
    """The runs that may have made what is there, and those that serve, the oldest first."""
    views = [view for view in (getattr(target, "view", None) for target in targets) if view is not None]
    slots = {slot for view in views for slot in view.slots}
    environments = {target.environment_id for target in targets}
    serving = {target.environment.serving_id for target in targets} - {None}
    runs = DeploymentRun.objects.filter(
        Q(environment_id__in=environments, slot__in=slots) | Q(pk__in=serving)
    ).order_by("id")
    return list(runs.only("environment_id", "slot", "subject", "content"))


def _live(
    target: Target, contents: dict[tuple[int, str], dict[str, Any]], serving: dict[int, Approved]
) -> LiveTarget:
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
    approved = serving.get(target.environment.serving_id or 0)
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
        drift=tuple(differences(target, approved)) if approved else (),
    )
