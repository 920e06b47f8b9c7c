"""Does an environment run what was approved? From what its targets were seen to run, digest by digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployments.models import DeploymentRun, Target, TargetView


def drift(serving: DeploymentRun | None, targets: Iterable[Target]) -> tuple[str, ...]:
    """Each difference between what serves and what these targets, with their views, were seen to run.

    Asks nothing itself; callers leave out environments in which a run is under way. A target that was
    never seen, or does not answer, is no drift: its silence is told elsewhere.
    """
    if serving is None:
        return ()
    return tuple(text for target in targets for text in _of_target(target, serving))


def _of_target(target: Target, serving: DeploymentRun) -> Iterator[str]:
    view: TargetView | None = getattr(target, "view", None)
    if view is None or not view.reachable or not view.slots:
        return
    where = target.region.name
    elsewhere = {slot: weight for slot, weight in view.weights.items() if weight and slot != serving.slot}
    for slot, weight in sorted(elsewhere.items()):
        yield f"{where} sends {weight} % of its traffic to {slot}, approved is {serving.subject}"
    seen = {c["name"]: c for c in (view.slots.get(serving.slot) or {}).get("components", ())}
    for name, entry in sorted(serving.content["components"].items()):
        artifact = str(seen.get(name, {}).get("artifact") or "")
        if name not in seen:
            yield f"{where} does not run {name}"
        elif artifact and artifact != entry["artifact"]:
            yield f"{where} runs {artifact[:19]} of {name}, approved is {entry['artifact'][:19]}"
