"""Why a pod is not ready: the container that keeps it, and what of it somebody can mend."""

from __future__ import annotations

from typing import Any

import pytest

from platforms.kubernetes.reasons import not_ready, pod_trouble

BEGINNING = {"state": {"waiting": {"reason": "PodInitializing"}}}
PULL = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image a"}}}
CRASH = {
    "restartCount": 3,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
}
RUNS = {"state": {"running": {}}, "ready": True, "started": True}
PREPARES = {"state": {"running": {}}, "ready": False, "started": False}
SILENT = {"state": {"running": {}}, "ready": False}
ENDED = {"state": {"terminated": {"exitCode": 0}}}
ENDED_BADLY = {"state": {"terminated": {"exitCode": 2}}}


def pod(*containers: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pod with these containers, named by their place, and one that goes before them."""
    own = [{"name": f"c{number}", **container} for number, container in enumerate(containers)]
    status: dict[str, Any] = {"phase": "Running", "containerStatuses": own}
    if before:
        status["initContainerStatuses"] = [{"name": "migrate", **before}]
    return {"metadata": {}, "status": status}


FIRST = "waits for its init container migrate, which"
OFTEN = "ends again and again right after its start (code 1, Error, 3 restarts)"
SILENCE = "runs but does not answer its readiness probe"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (pod(BEGINNING, before=PULL), f"{FIRST} cannot pull its image: Back-off pulling image a"),
        (pod(BEGINNING, before=CRASH), f"{FIRST} {OFTEN}"),
        (pod(BEGINNING, before=ENDED_BADLY), f"{FIRST} has ended with code 2"),
        (pod(BEGINNING, before=PREPARES), "is still preparing (its init container migrate runs)"),
        (pod(BEGINNING, before=RUNS), "is still preparing"),
        (pod(SILENT, before=ENDED), SILENCE),
        (pod(BEGINNING, CRASH), f"has a container c1 that {OFTEN}"),
        (pod(RUNS, SILENT), f"has a container c1 that {SILENCE}"),
        (pod(RUNS, RUNS), ""),
    ],
)
def test_container_that_keeps_a_pod_is_told(given: dict[str, Any], told: str) -> None:
    assert pod_trouble(given) == told


def test_long_list_of_the_server_s_is_told_in_whole_words() -> None:
    words = "violates PodSecurity: " + "container must not, " * 60
    failure = {"type": "ReplicaFailure", "status": "True", "message": words}
    told = not_ready({"spec": {"replicas": 1}, "metadata": {}, "status": {"conditions": [failure]}}, [])
    assert told.startswith("0 of 1 pods are ready; no more pods can be made: violates PodSecurity")
    assert told.endswith("must …")
