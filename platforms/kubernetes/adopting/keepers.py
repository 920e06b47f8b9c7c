"""Who else keeps an object, and what of a workload is not fit to be taken over at this moment.

Called by `finding`; each sentence says who can mend it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.adopting.inventory import name_of
from platforms.kubernetes.target import Target, label, notes

JSON = dict[str, Any]
KEEPERS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}
"""Labels and annotations of tools that put an object back to what they want, again and again."""

HELM = "meta.helm.sh/release-name"


def problems(target: Target, holder: JSON, pods: Sequence[JSON]) -> Iterator[str]:
    """Every reason why this Deployment or CronJob cannot be taken over now."""
    yield from kept(holder)
    what = name_of(holder)
    if label(holder, names.MANAGED_BY) == names.FIELD_MANAGER and not label(holder, names.CONTAINER):
        yield f"{what} is the portal's already, made by a release; there is nothing to adopt."
    if label(holder, names.ENVIRONMENT) not in ("", target.environment):
        other = label(holder, names.ENVIRONMENT)
        yield f"{what} belongs to {other}; each environment has a namespace of its own."
    if holder["metadata"].get("deletionTimestamp"):
        yield f"{what} is being deleted."
    if holder["kind"] == "CronJob":
        if holder["spec"].get("suspend"):
            yield f"{what} is suspended; whoever deploys there lets it run, or the file leaves it out."
        return
    yield from _unsettled(holder, pods)


def kept(item: JSON) -> Iterator[str]:
    """Who else would undo what the portal writes into this object."""
    told = {**(item["metadata"].get("labels") or {}), **notes(item)}
    keeper = next((name for key, name in KEEPERS.items() if key in told), "")
    if keeper:
        yield (
            f"{name_of(item)} is kept by {keeper}, which would undo what the portal writes; whoever runs "
            f"{keeper} takes it out of there first (without deleting it)."
        )
    owner = controller(item)
    if owner and item["kind"] != "Pod":
        yield (
            f"{name_of(item)} is made by the {owner['kind']} {owner['name']}, which would undo what the "
            "portal writes; whoever runs that operator lets go of it first."
        )


def controller(item: JSON) -> JSON | None:
    """Whoever made this object and keeps it as it is."""
    owners: list[JSON] = item["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def helm_release(item: JSON) -> str:
    """The Helm release that names this object, empty when none does."""
    return str(notes(item).get(HELM) or "")


def _unsettled(deployment: JSON, pods: Sequence[JSON]) -> Iterator[str]:
    """Taken over is what stands still: every pod of one template, all of them ready."""
    what, spec, status = name_of(deployment), deployment["spec"], deployment.get("status") or {}
    wanted = int(spec.get("replicas") or 0)
    if spec.get("paused"):
        yield f"{what} is paused in the middle of a rollout; whoever deploys there resumes or undoes it."
        return
    if not wanted:
        yield (
            f"{what} is scaled to nothing; whoever deploys there gives it pods, or the platform file leaves "
            "it out until its first release."
        )
        return
    behind = int(status.get("observedGeneration") or 0) < int(deployment["metadata"].get("generation") or 0)
    counts = [int(status.get(key) or 0) for key in ("replicas", "updatedReplicas", "readyReplicas")]
    if behind or counts != [wanted] * 3:
        ready = f"{counts[2]} of {wanted} pods are ready, {counts[1]} of them new"
        yield f"{what} is being rolled out or is not well ({ready}); adopt again once it stands still."
    if len({(pod["metadata"].get("labels") or {}).get("pod-template-hash") for pod in pods}) > 1:
        yield f"{what} still has pods of an older template; adopt again once they are gone."
