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


IMAGE = "registry.example/hmhp/web@sha256:" + "4f53cda18c2b" + "a" * 52
SHORT = "registry.example/hmhp/web@sha256:4f53cda18c2b…"
UNPACK = f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '
PULLS = {
    f"rpc error: code = NotFound desc = {UNPACK}{IMAGE}: not found": f"{SHORT}: not found",
    f'Back-off pulling image "{IMAGE}": ErrImagePull: rpc error: code = NotFound desc = {UNPACK}{IMAGE}: '
    "not found": f"{SHORT}: not found",
    f'{UNPACK}failed to do request: Head "https://registry.example/v2/hmhp/web/manifests/sha256:4f53": '
    "dial tcp: lookup registry.example on 10.96.0.10:53: no such host": f"{SHORT}: dial tcp: lookup "
    "registry.example on 10.96.0.10:53: no such host",
    f'Back-off pulling image "{IMAGE}"': SHORT,
    "no space left on device": f"{SHORT}: no space left on device",
}
"""What kubelets say, and what of it somebody can act on."""
NO_SECRET = 'secret "records-db" not found'
AS_ROOT = "container has runAsNonRoot and image will run as root"
NO_PROGRAM = 'exec: "serve": executable file not found in $PATH'
START_ERROR = {
    "reason": "StartError",
    "exitCode": 128,
    "message": f"failed to create containerd task: runc create failed: unable to start container process: "
    f"{NO_PROGRAM}: unknown",
}

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


def waiting(reason: str, message: str, **more: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}, **more}


@pytest.mark.parametrize(("said", "told"), PULLS.items())
def test_image_is_named_once_with_what_the_registry_says(said: str, told: str) -> None:
    for reason in ("ErrImagePull", "ImagePullBackOff"):
        assert pod_trouble(pod(waiting(reason, said, image=IMAGE))) == f"cannot pull its image {told}"


@pytest.mark.parametrize(
    ("container", "told"),
    [
        (waiting("CreateContainerConfigError", NO_SECRET), f"cannot be set up: {NO_SECRET}"),
        (
            waiting("CreateContainerConfigError", f'{AS_ROOT} (pod: "e_trial(81c0)", container: e)'),
            f"cannot be set up: {AS_ROOT}",
        ),
        (
            {**CRASH, "lastState": {"terminated": START_ERROR}},
            f"ends again and again right after its start (code 128, {NO_PROGRAM}, 3 restarts)",
        ),
    ],
)
def test_what_somebody_can_mend_is_told_without_how_it_came(container: dict[str, Any], told: str) -> None:
    assert pod_trouble(pod(container)) == told


def test_node_is_asked_about_a_pod_that_only_does_not_begin() -> None:
    held = pod({"state": {"waiting": {"reason": "ContainerCreating"}}})
    spec: dict[str, Any] = {"spec": {"replicas": 2}, "metadata": {}, "status": {"readyReplicas": 1}}
    told = not_ready(spec, [held, pod(SILENT)], lambda asked: "no volume" if asked is held else "never asked")
    assert told == f"1 of 2 pods are ready; one cannot begin: no volume; one {SILENCE}"
    assert not_ready(spec, [held]) == "1 of 2 pods are ready; one is being created"
