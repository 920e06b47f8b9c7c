"""A control plane, a worker and releases of five components for `bench kubernetes`; nothing is read or kept.

The API server, its controllers, PostgreSQL, Redis and the worker are real; kubelets, the gateway and
Prometheus are those of tests/cluster, whose pods are ready at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMITS = {"minimum_requests": 20, "error_percent": 5.0, "p95_ms": 5000}
STRATEGY = {"kind": "blue_green", "weights": [25, 50, 100], "bake_seconds": 0, "limits": LIMITS,
            "monitoring_seconds": 3600, "ready_timeout_seconds": 120, "hold_limit_seconds": 60}  # fmt: skip
KINDS = {"web": "http", "scheduling": "http", "records": "http", "mailer": "worker", "reminders": "schedule"}


class Bench:
    """One control plane with its stand-ins."""

    def __init__(self, plane: Any, standins: Any, prometheus: Any) -> None:
        self.plane, self.standins, self.prometheus = plane, standins, prometheus
        self.spaces: dict[str, Any] = {}
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._sweep, self._visit)]

    def start(self) -> None:
        """Let the sweep come round each second, as beat does, and visitors arrive."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """No sweeps and visitors any more."""
        self._ending.set()
        for thread in self._threads:
            thread.join(5)

    def environment(self, name: str) -> Any:
        """An environment of its own with one target in a namespace of its own."""
        from deployments.models import Environment, Region, Target
        from tests.cluster.conftest import make_namespace

        space = self.spaces[name] = make_namespace(self.plane, f"{name}-{os.urandom(2).hex()}", name)
        made = Environment.objects.create(name=name, position=0, data_class="production")
        region, _ = Region.objects.get_or_create(name="us-east")
        settings = space.settings(
            images="registry.example/hmhp", metrics=self.prometheus.settings(space.name)
        )
        Target.objects.create(
            environment=made, region=region, driver="kubernetes", data_class="production", settings=settings
        )
        return made

    def queue(self, environment: Any, version: str) -> Any:
        """Queue a release of five new components."""
        from deployments import queries
        from deployments.plan import make_plan
        from deployments.services.start import queue_run
        from events import canonical
        from tests.deployments.engine import ACTOR

        content = content_of(environment.name, version)
        serving = queries.serving(environment)
        plan = make_plan(STRATEGY, ["us-east"], first=serving is None, irreversible=False)
        return queue_run(
            environment=environment, kind="deploy", subject=version, release_kind="feature",
            stream=f"release/{environment.name}-{version}", link="", content=content,
            content_hash=canonical.sha256(content), seal="5" * 64, plan=plan, actor=ACTOR,
        )  # fmt: skip

    def close(self, run: Any) -> None:
        """Close the way back and let the old colour go."""
        from deployments.services import closing
        from tests.deployments.engine import ACTOR

        retiring = closing.close(run.pk, actor=ACTOR)
        if retiring is not None:
            ended(retiring)

    def _sweep(self) -> None:
        from deployments.services.sweep import sweep

        while not self._ending.wait(1.0):
            sweep()

    def _visit(self) -> None:
        while not self._ending.wait(0.1):
            for space in list(self.spaces.values()):
                self.prometheus.visit(space.name, 400)


def content_of(environment: str, version: str) -> dict[str, Any]:
    """A content with its objects rendered for that environment alone."""
    import hashlib

    from platforms.registry import render

    entries = {
        name: {
            "kind": kind, "edge": name == "web", "drain_seconds": 0, "version": version, "secrets": {},
            "artifact": "sha256:" + hashlib.sha256(f"{name} {version}".encode()).hexdigest(),
            "configuration": {}, "migration": {"class": "none", "hash": ""},
            "manifest": {"command": [name], "health": "/healthz" if kind == "http" else None},
        }
        for name, kind in KINDS.items()
    }  # fmt: skip
    objects, problems = render("kubernetes", entries, environment, {"images": "registry.example/hmhp"})
    assert not problems, problems
    return {"commit": "c" * 40, "base": {}, "components": entries, "objects": {environment: objects}}


def ended(run: Any, seconds: float = 300.0) -> Any:
    """Wait until the run has ended; the row."""
    from deployments import queries

    states = ("succeeded", "failed", "rolled_back", "cancelled")
    return waiting(lambda: (found := queries.run(run.pk)).state in states and found, seconds, run)


def waiting(condition: Callable[[], Any], seconds: float, run: Any = None) -> Any:
    """Wait until it holds."""
    from deployments import queries

    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"never: {queries.run(run.pk).sentence if run else condition}")
        time.sleep(0.02)
    return found


@contextmanager
def bench() -> Iterator[Bench]:
    """The control plane, for as long as the benchmark runs."""
    from tests.cluster import binaries
    from tests.cluster.plane import ControlPlane
    from tests.cluster.prometheus import Prometheus
    from tests.cluster.standins import Standins

    found = binaries.find()
    if found is None:
        raise SystemExit(binaries.SKIP)
    plane = ControlPlane(found, audit=True)
    try:
        plane.start()
        standins = Standins(plane)
        standins.start()
        prometheus = Prometheus(plane)
        made = Bench(plane, standins, prometheus)
        made.start()
        yield made
        made.end()
        standins.stop()
        prometheus.close()
    finally:
        plane.stop()


@contextmanager
def worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One worker of the portal, as the launcher starts it."""
    options = "--pool threads -c 6 --without-gossip --without-mingle -Q engine,celery,control,mail -l INFO"
    command = [sys.executable, "-m", "celery", "-A", "hmhp_portal.celery", "worker", *options.split()]
    log = folder / "worker.log"
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        waiting(lambda: b"ready." in log.read_bytes() or child.poll() is not None, 60)
        if child.poll() is not None:
            raise SystemExit(log.read_text()[-3000:])
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(10)


def megabytes(pid: int) -> float:
    """The proportional set size of a process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
