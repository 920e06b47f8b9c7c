"""Why something is not ready, as a sentence that a tired engineer can act on.

In come a Deployment and its pods, out goes the reason, empty when it is ready.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable
from typing import Any

JSON = dict[str, Any]
Complaint = Callable[[JSON], str]
"""What the node complains of about a pod that does not begin; empty when it does not."""

MOST_LETTERS = 600
"""What a violated Pod Security standard lists is that long."""

WORDS = {
    "ImagePullBackOff": "cannot pull its image",
    "ErrImagePull": "cannot pull its image",
    "InvalidImageName": "has an image name that cannot be",
    "CrashLoopBackOff": "ends again and again right after its start",
    "CreateContainerConfigError": "cannot be set up",
    "CreateContainerError": "could not be created",
    "ContainerCreating": "is being created",
    "PodInitializing": "is still preparing",
}
PULLS = frozenset({"ImagePullBackOff", "ErrImagePull"})
NO_START = frozenset({"StartError", "ContainerCannotRun"})
_RPC = re.compile(r"rpc error: code = \w+ desc = ")
_OF_WHICH = re.compile(r' \(pod: "[^"]*", container: [^)]*\)$')
_PREEMPTION = re.compile(r"\.? preemption: .*", re.S)
_BEFORE_START = re.compile(r".*unable to start container process: ", re.S)
_DIGEST = re.compile(r"(?<=@sha256:[0-9a-f]{12})[0-9a-f]{52}")

NO_NODE_YET = "is waiting for its node"
BEGINS = frozenset({NO_NODE_YET, WORDS["ContainerCreating"], WORDS["PodInitializing"]})
"""What every pod is for a moment."""

ON_ITS_WAY = ("ContainerCreating", "PodInitializing")
"""Reasons of a container that only has not begun yet."""


def not_ready(deployment: JSON, pods: list[JSON], complaint: Complaint = lambda pod: "") -> str:
    """ "2 of 3 pods are ready; one cannot pull its image …"; empty when all are."""
    wanted = int(deployment["spec"].get("replicas") or 0)
    status = deployment.get("status") or {}
    ready = int(status.get("readyReplicas") or 0)
    seen = int(status.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation") or 0)
    if seen and ready >= wanted and int(status.get("updatedReplicas") or 0) >= wanted:
        return ""
    why = Counter(filter(None, (trouble_of(pod, complaint) for pod in pods)))
    told = [f"{_count(number)} {text}" for text, number in why.most_common(2)]
    failing = _failing(status)
    if failing and ready + len(told) < wanted:
        told.append(failing)
    return f"{ready} of {wanted} pods are ready" + "".join(f"; {text}" for text in told)


def trouble_of(pod: JSON, complaint: Complaint) -> str:
    """The same as `pod_trouble`; of a pod that only does not begin, what its node complains of."""
    text = pod_trouble(pod)
    told = complaint(pod) if text in BEGINS else ""
    return f"cannot begin: {_text(told)}" if told else text


def pod_trouble(pod: JSON) -> str:
    """What keeps one pod from being ready; empty when nothing does or it is on its way."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return ""
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"finds no node: {_text(_PREEMPTION.sub('', str(condition.get('message') or '')))}"
    for container in status.get("initContainerStatuses") or []:
        if text := _preparing(container):
            return f"waits for its init container {container.get('name')}, which {text}"
    told = [_named(container, status) for container in status.get("containerStatuses") or []]
    if found := sorted(filter(None, told), key=lambda each: not each[0]):
        return found[0][1] + _before(status)
    return NO_NODE_YET if status.get("phase") == "Pending" else ""


def _before(status: JSON) -> str:
    """The init container for which all others still wait."""
    for container in status.get("initContainerStatuses") or []:
        if "running" in (container.get("state") or {}) and not container.get("started"):
            return f" (its init container {container.get('name')} runs)"
    return ""


def _preparing(container: JSON) -> str:
    """What keeps a container that goes before the others; empty while it works, or when it is done."""
    state = container.get("state") or {}
    if "waiting" in state and state["waiting"].get("reason") not in (None, *ON_ITS_WAY):
        return _waiting(state["waiting"], container)
    if code := (state.get("terminated") or {}).get("exitCode"):
        return f"has ended with code {code}"
    return ""


def _named(container: JSON, status: JSON) -> tuple[bool, str] | None:
    """Whether it will stay like that, and what keeps one container; of several it is told which one."""
    state = container.get("state") or {}
    lasting = True
    if "waiting" in state:
        text = _waiting(state["waiting"], container)
        lasting = state["waiting"].get("reason") not in (None, *ON_ITS_WAY)
    elif "terminated" in state:
        text = f"has ended with code {state['terminated'].get('exitCode')}"
    elif not container.get("ready"):
        text = "runs but does not answer its readiness probe"
    else:
        return None
    if len(status.get("containerStatuses") or []) > 1 and lasting:
        text = f"has a container {container.get('name')} that {text}"
    return lasting, text


def _waiting(waiting: JSON, container: JSON) -> str:
    reason = str(waiting.get("reason") or "waits")
    text = WORDS.get(reason, reason)
    last = (container.get("lastState") or {}).get("terminated")
    if reason == "CrashLoopBackOff" and last:
        cause = _start_error(last) or last.get("reason") or "Error"
        return f"{text} (code {last.get('exitCode')}, {cause}, {container.get('restartCount', 0)} restarts)"
    message = str(waiting.get("message") or "")
    if reason in PULLS:
        text, message = _no_image(text, message, str(container.get("image") or ""))
    return f"{text}: {_text(message)}" if message else text


def _start_error(last: JSON) -> str:
    """Why a container's program could not even be started; empty when it could."""
    if last.get("reason") not in NO_START:
        return ""
    return _text(_BEFORE_START.sub("", str(last.get("message") or ""))).removesuffix(": unknown")


def _no_image(text: str, message: str, image: str) -> tuple[str, str]:
    """Which image it is, once, and what the registry or the way to it says: the end of a long sentence."""
    if not image:
        return text, message
    parts = re.split(rf'"?{re.escape(image)}"?|"[^"]*/manifests/[^"]*"', message)
    why = parts[-1].strip(' ":') if len(parts) > 1 else message
    return f"{text} {_DIGEST.sub('…', image)}", why


def _failing(status: JSON) -> str:
    """Pods that could not even be made: a quota, a webhook, a namespace that goes."""
    for condition in status.get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return f"no more pods can be made: {_text(condition.get('message'))}"
    return ""


def _count(number: int) -> str:
    return "one" if number == 1 else str(number)


def _text(message: object) -> str:
    """The message in one line, without how it was carried; of a long one whole words, as a page can show."""
    plain = _OF_WHICH.sub("", _RPC.sub("", str(message or "")))
    return textwrap.shorten(plain, MOST_LETTERS, placeholder=" …").rstrip(".")
