"""Workers and schedules run in one colour at a time: the former end first, then the next begin.

Every call takes the hand-over one step on from what is really there, so it may be repeated and killed
anywhere. A job in hand is finished (the pod's grace), a schedule's running job too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from platforms.kubernetes import names, together
from platforms.kubernetes.adopting.pods import of_all_colours
from platforms.kubernetes.refusals import Conflict, Missing
from platforms.kubernetes.target import Target, label, notes

JSON = dict[str, Any]
BACKGROUND = frozenset({"work", "schedule"})
WAIT_SECONDS = 4.0
"""How long one call waits for the former colour's last pods; the engine asks again."""


def hand_over(target: Target, slot: str | None) -> None:
    """Bring the background work towards that colour, as far as it goes within WAIT_SECONDS."""
    former = [i for i in _holders(target) if label(i, names.SLOT) != slot and wants_work(i)]
    together.each(partial(_set, target, item, False) for item in former)
    if not target.watch(names.POD).until(lambda: busy(target) <= {slot}, WAIT_SECONDS):
        return
    coming = [i for i in _holders(target) if label(i, names.SLOT) == slot and not wants_work(i)]
    together.each(partial(_set, target, item, True) for item in coming)


def running(target: Target, wanted: str | None) -> str | None:
    """The colour whose background work runs or still ends; None in the middle of a hand-over."""
    others = {slot for slot in busy(target) if slot != wanted}
    holders = _holders(target)
    others |= {label(i, names.SLOT) for i in holders if wants_work(i) and label(i, names.SLOT) != wanted}
    begun = [item for item in holders if label(item, names.SLOT) == wanted and wants_work(item)]
    if others:
        return others.pop() if len(others) == 1 and not begun else None
    mine = [item for item in holders if label(item, names.SLOT) == wanted]
    return wanted if len(begun) == len(mine) else None


def busy(target: Target) -> set[str]:
    """The colours that have pods of background work, also those that end, and jobs of a schedule."""
    pods = of_all_colours(target)
    working = {
        label(pod, names.SLOT)
        for pod in pods
        if label(pod, names.ROLE) in BACKGROUND
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    }
    return working | {label(item, names.SLOT) for item in target.objects(names.CRON_JOB) if _has_jobs(item)}


def wants_work(item: JSON) -> bool:
    """Is this worker or schedule told to work?"""
    if item["kind"] == "CronJob":
        return not item["spec"].get("suspend")
    return bool(item["spec"].get("replicas"))


def _has_jobs(item: JSON) -> bool:
    """Does a schedule that was taken over have jobs in hand? Their pods carry no labels of ours."""
    return bool(label(item, names.CONTAINER)) and bool((item.get("status") or {}).get("active"))


def _holders(target: Target) -> list[JSON]:
    kinds = (names.DEPLOYMENT, names.CRON_JOB)
    return [i for kind in kinds for i in target.objects(kind) if label(i, names.ROLE) in BACKGROUND]


def _set(target: Target, item: JSON, work: bool) -> None:
    kind = names.BY_KIND[item["kind"]]
    spec: JSON = {"suspend": not work}
    if kind is names.DEPLOYMENT:
        size = notes(item).get(names.SIZE) or label(item, names.SIZE) or 1
        spec = {"replicas": int(size) if work else 0}
    body = {"metadata": {"resourceVersion": item["metadata"]["resourceVersion"]}, "spec": spec}
    try:
        target.watch(kind).put(target.api.merge(kind, target.namespace, item["metadata"]["name"], body))
    except Conflict:  # its status has changed, as it does all the time: what it is told is what counts
        body["metadata"] = {}
        target.watch(kind).put(target.api.merge(kind, target.namespace, item["metadata"]["name"], body))
    except Missing:
        return
