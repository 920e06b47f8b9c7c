"""What no test can run: kubelets with their nodes, and the gateway's controller. The API server is real.

The kubelet binds pods to a node and says of each what its annotation `test/pod` asks for: `ready` (left
out), `never-ready`, `no-image`, `no-volume`, `crash-loop`, `no-node`, in the words of a real one. A pod of a
Job ends as its command says: the word `fail` ends with code 1, `forever` never. The gateway accepts every
route, or none while `refusing`.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

from tests.cluster.plane import ControlPlane, _certificate

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
NODES = 3
NO_IMAGE = (
    'Back-off pulling image "{0}": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack '
    'image "{0}": failed to resolve reference "{0}": {0}: not found'
)
NO_VOLUME = 'MountVolume.SetUp failed for volume "files" : configmap "letters" not found'
LINES = ("began", "patient_name=Ada Example asked for help", "done")


class Standins:
    """Follows pods and routes of a control plane until `stop`."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._stopping = threading.Event()
        self.refusing = ""
        self.silent_gateway = False
        self.delay = 0.0
        self.lingering = False
        """Pods that are told to end do not, until this is False again."""
        self.digests: dict[str, str] = {}
        """Pods (by component) that run another digest than they should."""
        self._done: dict[str, str] = {}
        self._ending: set[str] = set()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Make the nodes and begin to follow."""
        self._kubelet = _kubelet(self._plane)
        for number in range(NODES):
            self._node(f"node-{number}", self._kubelet.server_address[1])
        self._begin(lambda: self._follow("/api/v1/pods", self._pod))
        self._begin(lambda: self._follow("/apis/gateway.networking.k8s.io/v1/httproutes", self._route))

    def stop(self) -> None:
        """Follow no more."""
        self._stopping.set()
        self._kubelet.shutdown()

    def let_end(self) -> None:
        """What lingers may end now."""
        self.lingering = False
        while self._ending:
            self._send("DELETE", self._ending.pop(), {"gracePeriodSeconds": 0})

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _follow(self, path: str, handle: Callable[[dict[str, Any]], None]) -> None:
        while not self._stopping.is_set():
            try:
                found = json.loads(self._send("GET", path).data)
                for item in found["items"]:
                    handle(item)
                version = found["metadata"]["resourceVersion"]
                query = f"{path}?watch=true&resourceVersion={version}&timeoutSeconds=20"
                response = self._send("GET", query, stream=True)
                for line in response:
                    event = json.loads(line)
                    if event["type"] in ("ADDED", "MODIFIED"):
                        handle(event["object"])
            except (urllib3.exceptions.HTTPError, OSError, ValueError, KeyError):
                time.sleep(0.2)

    def _pod(self, pod: dict[str, Any]) -> None:
        metadata, status = pod["metadata"], pod.get("status") or {}
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if metadata.get("deletionTimestamp"):
            if self.lingering:
                self._ending.add(path)
            else:
                self._send("DELETE", path, {"gracePeriodSeconds": 0})
            return
        behaviour = (metadata.get("annotations") or {}).get("test/pod", "ready")
        if behaviour == "no-node" and not pod["spec"].get("nodeName"):
            self._once(pod, path, "no-node", _no_node())
            return
        if not pod["spec"].get("nodeName"):
            node = f"node-{sum(map(ord, metadata['name'])) % NODES}"
            target = {"apiVersion": "v1", "kind": "Node", "name": node}
            body = {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": metadata["name"]},
                "target": target,
            }
            self._send("POST", f"{path}/binding", body)
            return
        if status.get("phase") in ("Succeeded", "Failed"):
            return
        if self.delay:
            time.sleep(self.delay)
        self._once(pod, path, behaviour, _beside(pod, self._status(pod, behaviour)))

    def _once(self, pod: dict[str, Any], path: str, what: str, status: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        if self._done.get(uid) == what:
            return
        self._done[uid] = what
        self._send("PATCH", f"{path}/status", {"status": status}, media=STRATEGIC)

    def _status(self, pod: dict[str, Any], behaviour: str) -> dict[str, Any]:
        labels = pod["metadata"].get("labels") or {}
        container = _own(pod)
        digest = self.digests.get(labels.get("release.hmhp.example/component", ""))
        image = re.sub(r"sha256:[0-9a-f]+", digest, container["image"]) if digest else container["image"]
        base = {
            "name": container["name"],
            "image": container["image"],
            "imageID": image,
            "restartCount": 0,
            "ready": False,
            "started": True,
        }
        now = _now()
        running = {"state": {"running": {"startedAt": now}}}
        if labels.get("batch.kubernetes.io/job-name") or labels.get("release.hmhp.example/role") == "job":
            command = container.get("command") or []
            if "forever" in command:
                return _phase("Running", {**base, **running})
            code = 1 if "fail" in command else 0
            ended = {
                "exitCode": code,
                "reason": "Error" if code else "Completed",
                "startedAt": now,
                "finishedAt": now,
            }
            return _phase("Failed" if code else "Succeeded", {**base, "state": {"terminated": ended}})
        if behaviour == "no-image":
            told = NO_IMAGE.format(container["image"])
            why = {"reason": "ImagePullBackOff", "message": told}
            return _phase("Pending", {**base, "started": False, "imageID": "", "state": {"waiting": why}})
        if behaviour == "no-volume":
            self._complain(pod, "FailedMount", NO_VOLUME)
            why = {"reason": "ContainerCreating"}
            return _phase("Pending", {**base, "started": False, "imageID": "", "state": {"waiting": why}})
        if behaviour == "crash-loop":
            last = {
                "terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": now, "finishedAt": now}
            }
            why = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
            return _phase(
                "Running", {**base, "restartCount": 4, "lastState": last, "state": {"waiting": why}}
            )
        ready = behaviour == "ready"
        return _phase("Running", {**base, **running, "ready": ready}, ready)

    def _complain(self, pod: dict[str, Any], reason: str, message: str) -> None:
        """A warning, as a kubelet writes it: no pod's status says that."""
        metadata, now = pod["metadata"], _now()
        about = {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]}
        event = {
            "metadata": {"generateName": f"{metadata['name']}."},
            "involvedObject": about | {"namespace": metadata["namespace"]},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "firstTimestamp": now,
            "lastTimestamp": now,
        }
        self._send("POST", f"/api/v1/namespaces/{metadata['namespace']}/events", event)

    def _route(self, route: dict[str, Any]) -> None:
        metadata = route["metadata"]
        if self.silent_gateway or metadata.get("deletionTimestamp"):
            return
        told = (route.get("status") or {}).get("parents") or []
        wanted = "False" if self.refusing else "True"
        if told and all(
            c["observedGeneration"] == metadata["generation"] and c["status"] == wanted
            for parent in told
            for c in parent["conditions"]
        ):
            return
        conditions = [
            {
                "type": kind,
                "status": wanted,
                "reason": kind if wanted == "True" else "Refused",
                "message": self.refusing,
                "observedGeneration": metadata["generation"],
                "lastTransitionTime": _now(),
            }
            for kind in ("Accepted", "ResolvedRefs")
        ]
        parents = [
            {"parentRef": ref, "controllerName": "test/gateway", "conditions": conditions}
            for ref in route["spec"].get("parentRefs") or []
        ]
        root = f"/apis/gateway.networking.k8s.io/v1/namespaces/{metadata['namespace']}/httproutes"
        path = f"{root}/{metadata['name']}/status"
        self._send("PATCH", path, {"status": {"parents": parents}}, media=MERGE)

    def _node(self, name: str, port: int) -> None:
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        }
        self._plane.status("POST", "/api/v1/nodes", node)
        capacity = {"cpu": "64", "memory": "256Gi", "pods": "2000"}
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "capacity": capacity,
            "allocatable": capacity,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Test",
                    "message": "",
                    "lastHeartbeatTime": _now(),
                    "lastTransitionTime": _now(),
                }
            ],
        }
        self._plane.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, MERGE)

    def _send(
        self, method: str, path: str, body: Any = None, media: str = "application/json", stream: bool = False
    ) -> Any:
        headers = {**self._plane.headers(), "Content-Type": media}
        data = None if body is None else json.dumps(body).encode()
        return self._plane.pool().request(
            method,
            self._plane.server + path,
            body=data,
            headers=headers,
            retries=False,
            timeout=urllib3.Timeout(connect=5, read=30),
            preload_content=not stream,
        )


def _kubelet(plane: ControlPlane) -> ThreadingHTTPServer:
    """Answers for the logs of every container with the same few lines."""

    class Kubelet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            times = "timestamps=true" in self.path
            text = ""
            for n, line in enumerate(LINES, 1):
                text += f"2026-11-03T09:00:0{n}.00000000{n}Z {line}\n" if times else f"{line}\n"
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            return

    return tls_server(plane, "kubelet", Kubelet)


def tls_server(
    plane: ControlPlane, name: str, handler: type[BaseHTTPRequestHandler], days: int = 2
) -> ThreadingHTTPServer:
    """A server on loopback with a certificate of its own, good for so many days; it serves at once."""
    _certificate(plane.folder, name, days)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(plane.folder / f"{name}.crt", plane.folder / f"{name}.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _own(pod: dict[str, Any]) -> dict[str, Any]:
    """The container that behaves as the pod is told to; all others do as they should."""
    told = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
    containers: list[dict[str, Any]] = pod["spec"]["containers"]
    return next((c for c in containers if c["name"] == told), containers[0])


def _beside(pod: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    """The status with a word about each other container."""
    for container in pod["spec"]["containers"]:
        if status.get("containerStatuses") and container is not _own(pod):
            image = container["image"]
            running = {"running": {"startedAt": _now()}}
            status["containerStatuses"].append(
                {"name": container["name"], "image": image, "imageID": image, "restartCount": 0,
                 "ready": True, "started": True, "state": running}
            )  # fmt: skip
    return status


def _phase(phase: str, container: dict[str, Any], ready: bool = False) -> dict[str, Any]:
    now = _now()
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": now},
        {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": now},
        {"type": "ContainersReady", "status": "True" if ready else "False", "lastTransitionTime": now},
    ]
    return {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [container],
        "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}],
        "hostIP": "127.0.0.1",
        "startTime": now,
    }


def _no_node() -> dict[str, Any]:
    why = "0/3 nodes are available: 3 Insufficient memory."
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": why,
        "lastTransitionTime": _now(),
    }
    return {"phase": "Pending", "conditions": [condition]}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
