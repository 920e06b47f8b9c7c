"""Which image a tag is on that cluster: a release names images by digest, and no registry is asked from here.

A short pod is started by the tag; what the node says that it runs is the digest that every component gets.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from hmhp_portal.launcher.problem import Problem
from platforms.base import PlatformRefused
from platforms.kubernetes import names
from platforms.kubernetes.api import Api
from platforms.kubernetes.reasons import pod_trouble
from platforms.kubernetes.refusals import Conflict

DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})")
POD = "hmhp-demo-image"
PATIENCE = 300.0
"""Seconds that the first pull of the image may take."""

ON_ITS_WAY = ("is being created", "is waiting for its node", "runs but", "has ended")
USER = 10_001


def by_digest(
    api: Api,
    namespace: str,
    image: str,
    labels: dict[str, str],
    tell: Callable[[str], None],
    patience: float = PATIENCE,
) -> str:
    """The image as NAME@sha256:…; raises PlatformError, and Problem when the node cannot tell it."""
    name = _name(image)
    if found := DIGEST.search(image):
        return f"{name}@{found[1]}"
    tell(f"Asking the cluster which image {image} is (the first time it is pulled)")
    api.delete(names.POD, namespace, POD)
    try:
        told = _told(api, namespace, image, labels, tell, patience)
    finally:
        api.delete(names.POD, namespace, POD)
    found = DIGEST.search(told)
    if found is None:
        raise Problem(
            f"the node knows {image} by no digest of a registry ({told}), as with images that were loaded by "
            "hand; name one that can be pulled: --image NAME@sha256:…"
        )
    return f"{name}@{found[1]}"


def _name(image: str) -> str:
    """The image without tag and digest."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _told(
    api: Api, namespace: str, image: str, labels: dict[str, str], tell: Callable[[str], None], patience: float
) -> str:
    deadline, said = time.monotonic() + patience, ""
    path = names.POD.path(namespace, POD)
    while True:
        pod = api.find(path) or _made(api, namespace, image, labels)
        statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or []
        if statuses and statuses[0].get("imageID"):
            return str(statuses[0]["imageID"])
        why = pod_trouble(pod) if pod else ""
        if why and why != said and not why.startswith(ON_ITS_WAY):
            tell(f"The pod of {image} {why}")
            said = why
        if time.monotonic() > deadline:
            raise Problem(f"no node has {image} after {patience:.0f} s: its pod {why or 'did not start'}.")
        time.sleep(0.5)


def _made(api: Api, namespace: str, image: str, labels: dict[str, str]) -> dict[str, Any] | None:
    """The pod just made; None while the namespace is too new for one."""
    security = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    container = {
        "name": "image",
        "image": image,
        "command": ["python3", "-c", "pass"],
        "securityContext": security,
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
    }
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }
    try:
        return api.create(names.POD, namespace, body)
    except Conflict:
        return None  # the one of an earlier start still ends
    except PlatformRefused as error:
        if "serviceaccount" not in error.reason:
            raise
        return None  # a new namespace gets its account in a moment
