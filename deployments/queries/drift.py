"""Does an environment run what was approved? From what its targets were seen to run, digest by digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.models import DeploymentRun, Target, TargetView


@dataclass(frozen=True, slots=True)
class Approved:
    """What was approved for an environment: `components` are those of a content."""

    subject: str
    slot: str
    components: Mapping[str, Any]


def drift(serving: DeploymentRun | None, targets: Iterable[Target]) -> tuple[str, ...]:
    """Each difference between what serves and what these targets, with their views, were seen to run.

    Asks nothing itself; callers leave out environments in which a run is under way. A target that was
    never seen, or does not answer, is no drift: its silence is told elsewhere.
    """
    if serving is None:
        return ()
    approved = Approved(serving.subject, serving.slot, serving.content["components"])
    return tuple(text for target in targets for text in differences(target, approved))


def differences(target: Target, serving: Approved) -> Iterator[str]:
    """The same of one target; who changed a route by hand is told with it."""
    view: TargetView | None = getattr(target, "view", None)
    if view is None or not view.reachable or not view.slots:
        return
    where = target.region.name
    elsewhere = {slot: weight for slot, weight in view.weights.items() if weight and slot != serving.slot}
    for slot, weight in sorted(elsewhere.items()):
        by = f" ({view.mark})" if view.mark else ""
        yield f"{where} sends {weight} % of its traffic to {slot}, approved is {serving.subject}{by}"
    seen = {c["name"]: c for c in (view.slots.get(serving.slot) or {}).get("components", ())}
    for name, entry in sorted(serving.components.items()):
        artifact = str(seen.get(name, {}).get("artifact") or "")
        if name not in seen:
            yield f"{where} does not run {name}"
        elif artifact and artifact != entry["artifact"]:
            yield f"{where} runs {artifact[:19]} of {name}, approved is {entry['artifact'][:19]}"
