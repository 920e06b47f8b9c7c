"""Pods that really run: processes of this machine, with the files and the environment that each asks for.

For tests that need what is inside of the pods. The API server reaches them by a tunnel, as it reaches pods
behind konnectivity: it asks for a pod's address, and gets the process that stands for it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from hmhp_portal.embedded.child import end_with_parent
from tests.cluster.plane import ControlPlane, free_port
from tests.cluster.standins import STRATEGIC, Standins, _now, _phase

IMAGE = "docker.io/library/python@sha256:" + "7" * 64
"""What the nodes say that every tag of that image is."""

LOADED = "loaded-by-hand"
"""An image that came from no registry."""

READY_SECONDS = 60


class Tunnel:
    """An HTTP CONNECT proxy: `names` maps an address of a pod to one of this machine."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, int], tuple[str, int]] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="hmhp-tunnel-"))
        self.socket = self._folder / "s"
        self._server = socketserver.ThreadingUnixStreamServer(str(self.socket), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._folder)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                host, _, port = self.path.rpartition(":")
                place = (host.strip("[]"), int(port))
                try:
                    other = socket.create_connection(outer.names.get(place, place), 10)
                except OSError:
                    with contextlib.suppress(OSError):
                        self.send_error(502)
                    return
                self.send_response(200)
                self.end_headers()
                there = threading.Thread(target=_pump, args=(self.connection, other), daemon=True)
                there.start()
                _pump(other, self.connection)
                there.join()
                other.close()
                self.close_connection = True

            def log_message(self, *args: Any) -> None:
                return

        return Handler


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        source.settimeout(None)
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class RunningPods(Standins):
    """Standins whose pods are processes."""

    def __init__(self, plane: ControlPlane, tunnel: Tunnel, folder: Path) -> None:
        super().__init__(plane)
        self._tunnel, self._folder = tunnel, folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._known: set[str] = set()
        self._ports: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        """End every process."""
        self._stopping.set()
        if self._threads:
            super().stop()
        for child in list(self._children.values()):
            child.kill()
            child.wait(10)

    def _pod(self, pod: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        if metadata.get("deletionTimestamp"):
            child = self._children.pop(metadata["uid"], None)
            if child is not None:
                child.kill()
                child.wait(10)
            super()._pod(pod)
        elif not pod["spec"].get("nodeName"):
            super()._pod(pod)  # binds it
        elif metadata["uid"] not in self._known:
            self._known.add(metadata["uid"])
            threading.Thread(target=self._live, args=(pod,), daemon=True).start()

    def _live(self, pod: dict[str, Any]) -> None:
        """From its first second to where it is ready, or has ended."""
        uid, path = pod["metadata"]["uid"], _path(pod)
        (container,) = pod["spec"]["containers"]
        told = re.sub(r":[^/:@]+(@.*)?$", "", container["image"].partition("@")[0])
        image = container["image"] if "@" in container["image"] else f"{told}@{IMAGE.partition('@')[2]}"
        if told == LOADED:
            image = "sha256:" + "1" * 64  # of no registry: the node knows its own number alone
        status = {"name": container["name"], "image": container["image"], "imageID": image}
        status |= {"restartCount": 0, "ready": False, "started": True}
        child = self._start(pod, container)
        self._children[uid] = child
        if pod["spec"].get("restartPolicy") == "Never":
            code = child.wait(120)
            ended = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": _now()}
            status["state"] = {"terminated": {**ended, "finishedAt": _now()}}
            whole = _phase("Failed" if code else "Succeeded", status)
        else:
            status["state"] = {"running": {"startedAt": _now()}}
            status["ready"] = ready = self._answers(pod, container, child)
            whole = _phase("Running", status, ready)
        address = self._address(pod)
        whole |= {"podIP": address, "podIPs": [{"ip": address}]}
        self._send("PATCH", f"{path}/status", {"status": whole}, media=STRATEGIC)
        child.wait()  # it would be killed with the thread that has started it

    def _start(self, pod: dict[str, Any], container: dict[str, Any]) -> subprocess.Popen[bytes]:
        space = pod["metadata"]["namespace"]
        home = self._folder / pod["metadata"]["uid"]
        home.mkdir(parents=True)
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        for source in container.get("envFrom") or []:
            environment |= self._config_map(space, source["configMapRef"]["name"])
        environment |= {entry["name"]: str(entry.get("value", "")) for entry in container.get("env") or []}
        for name, value in environment.items():
            environment[name] = re.sub(
                r"^http://([a-z0-9-]+):\d+", lambda m: f"http://127.0.0.1:{self._port(space, m[1])}", value
            )
        environment |= {"LISTEN": "127.0.0.1", "PORT": str(self._port(space, _service(pod)))}
        command = [sys.executable if word == "python3" else word for word in container["command"]]
        for mount in container.get("volumeMounts") or []:
            volume = next(v for v in pod["spec"]["volumes"] if v["name"] == mount["name"])
            place = home / mount["mountPath"].strip("/")
            place.mkdir(parents=True)
            for name, text in self._config_map(space, (volume.get("configMap") or {}).get("name")).items():
                (place / name).write_text(text)
            command = [word.replace(f"{mount['mountPath']}/", f"{place}/") for word in command]
        with (home / "output").open("wb") as output:
            return subprocess.Popen(
                command, cwd=home, env=environment, stdout=output, stderr=output,
                preexec_fn=end_with_parent(signal.SIGKILL),
            )  # fmt: skip

    def _config_map(self, space: str, name: str | None) -> dict[str, str]:
        if name is None:
            return {}
        found = self._plane.call("GET", f"/api/v1/namespaces/{space}/configmaps/{name}")
        return dict(found.get("data") or {})

    def _answers(self, pod: dict[str, Any], container: dict[str, Any], child: Any) -> bool:
        """Is it ready, as its readiness probe asks? What has no probe is, as long as it lives."""
        probe = (container.get("readinessProbe") or {}).get("httpGet")
        if probe is None:
            return bool(child.poll() is None)
        url = f"http://127.0.0.1:{self._port(pod['metadata']['namespace'], _service(pod))}{probe['path']}"
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and child.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
            time.sleep(0.05)
        return False

    def _port(self, space: str, service: str) -> int:
        """The port of this machine that stands for a coloured Service: each has one pod here."""
        with self._lock:
            return self._ports.setdefault((space, service), free_port())

    def _address(self, pod: dict[str, Any]) -> str:
        """An address of its own, that leads to its process."""
        port = self._port(pod["metadata"]["namespace"], _service(pod))
        with self._lock:
            number = len(self._tunnel.names) + 1
            address = f"10.99.{number // 250}.{number % 250 + 1}"
            self._tunnel.names[address, 8080] = ("127.0.0.1", port)
        return address


def _path(pod: dict[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _service(pod: dict[str, Any]) -> str:
    labels = pod["metadata"].get("labels") or {}
    if labels.get("release.hmhp.example/role") != "serve":
        return str(pod["metadata"]["name"])
    return f"{labels['release.hmhp.example/component']}-{labels['release.hmhp.example/slot']}"
