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

from hmhp_portal.launcher.processes import WORKER_OPTIONS
from hmhp_portal.turns import take_short_turns

ROOT = Path(__file__).resolve().parents[1]


class Bench:
    """One control plane with its stand-ins."""

    def __init__(self, plane: Any, standins: Any, visitors: Any) -> None:
        self.plane, self.standins, self.visitors = plane, standins, visitors
        self.spaces: dict[str, Any] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._sweep, daemon=True)

    def start(self) -> None:
        """Let the sweep come round each second, as beat does."""
        self._thread.start()

    def end(self) -> None:
        """No sweeps any more."""
        self._ending.set()
        self._thread.join(5)

    def environment(self, name: str) -> Any:
        """An environment of its own with one target in a namespace of its own."""
        from tests.cluster import five

        space = self.spaces[name] = self.place(name)
        return five.environment_on(space, self.visitors)

    def place(self, name: str) -> Any:
        """A namespace for an environment of that name."""
        from tests.cluster.conftest import make_namespace

        return make_namespace(self.plane, f"{name}-{os.urandom(2).hex()}", name)

    def close(self, run: Any) -> None:
        """Close the way back and let the old colour go."""
        from tests.cluster import five

        retiring = five.close(run)
        if retiring is not None:
            ended(retiring)

    def _sweep(self) -> None:
        from django.db import connection

        from deployments.services.sweep import sweep

        while not self._ending.wait(1.0):
            sweep()
        connection.close()


def ended(run: Any, seconds: float = 300.0) -> Any:
    """Wait until the run has ended; the row. Only its state is asked for meanwhile: its content is large."""
    from deployments import queries
    from deployments.models import DeploymentRun
    from tests.cluster.five import ENDS

    state = DeploymentRun.objects.filter(pk=run.pk).values_list("state", flat=True)
    waiting(lambda: state.get() in ENDS, seconds, run)
    return queries.run(run.pk)


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
    from bench._visitors import Visitors
    from tests.cluster import binaries
    from tests.cluster.plane import ControlPlane
    from tests.cluster.standins import Standins

    found = binaries.find()
    if found is None:
        raise SystemExit(binaries.SKIP)
    take_short_turns()  # stand-ins, script and clock share this process: none waits for another's turn
    plane = ControlPlane(found, audit=True)
    try:
        plane.start()
        standins = Standins(plane)
        standins.start()
        visitors = Visitors(plane)
        made = Bench(plane, standins, visitors)
        made.start()
        try:
            yield made
        finally:
            made.end()
            standins.stop()
            visitors.close()
    finally:
        plane.stop()


@contextmanager
def worker(
    folder: Path, *, dying: tuple[str, ...] = (), wait: bool = True
) -> Iterator[subprocess.Popen[bytes]]:
    """One worker of the portal, as the launcher starts it; `dying`: see `tests.cluster.dying_worker`."""
    options = [*WORKER_OPTIONS, *"-c 6 -Q engine,celery,mail -l INFO".split()]
    command = [sys.executable, "-m", "celery", "-A", "hmhp_portal.celery", "worker", *options]
    if dying:
        command = [sys.executable, "-m", "tests.cluster.dying_worker", *dying, *options]
    log = folder / "worker.log"
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        if wait:
            waiting(lambda: b"ready." in log.read_bytes() or child.poll() is not None, 60)
        if wait and child.poll() is not None:
            raise SystemExit(log.read_text()[-3000:])
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(10)


def megabytes(pid: int) -> float:
    """The proportional set size of a process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
