"""A worker that dies at the worst instants: the run goes on, and each weight is written to the route once.

What the route went through is read in the API server's own audit log.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from deployments import queries
from deployments.models import DeploymentRun, Environment
from deployments.services import reconcile as engine
from deployments.services.clockwork import after
from deployments.services.sweep import sweep
from hmhp_portal.launcher.processes import WORKER_OPTIONS
from tests.cluster import five
from tests.cluster.conftest import ROOT, eventually, make_namespace
from tests.cluster.dying_worker import INSTANTS, Fate
from tests.cluster.plane import ControlPlane
from tests.cluster.prometheus import Prometheus
from tests.cluster.standins import Standins
from tests.deployments.local_site import SERVER

pytestmark = pytest.mark.slow
BACK_WITHIN = 10.0
OPTIONS = [*WORKER_OPTIONS, *"--concurrency 2 -Q engine -l INFO".split()]


class Killed(BaseException):
    """The worker dies here: nothing below catches it."""


class Place:
    """One environment on a real API server, its visitors, and what the route was asked for."""

    def __init__(self, plane: ControlPlane, prometheus: Prometheus) -> None:
        self.plane, self.prometheus = plane, prometheus
        self.space = make_namespace(plane, f"k-{os.urandom(4).hex()}", "killed")
        self.environment: Environment = five.environment_on(self.space, prometheus)

    def serving(self) -> None:
        """Blue serves, its way back is closed."""
        run = five.queue(self.environment, "1.0.0")
        while queries.run(run.pk).state not in five.ENDS:
            engine.reconcile(run.pk)
            time.sleep(0.02)
        five.close(run)

    def visit(self) -> None:
        self.prometheus.visit(self.space.name)

    def written(self, mark: int, run: DeploymentRun) -> list[int]:
        """Green's weights as the API server was asked for them."""
        return five.route_weights(self.plane.audit_log(mark), self.space.name, run.slot)


@pytest.fixture
def prometheus(plane: ControlPlane, standins: Standins) -> Iterator[Prometheus]:
    made = Prometheus(plane)
    yield made
    made.close()


@pytest.mark.django_db
def test_death_at_every_instant_changes_nothing_but_the_time(
    plane: ControlPlane, prometheus: Prometheus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise Killed

    place = Place(plane, prometheus)
    place.serving()
    fate = Fate(tmp_path / "died", ",".join(INSTANTS), die)
    monkeypatch.setattr(engine.calls, "carry_out", fate.carrying_out(engine.calls.carry_out))
    monkeypatch.setattr(engine, "fenced", fate.committing(engine.fenced))
    mark, run = plane.audit_mark(), five.queue(place.environment, "2.0.0")
    deadline = time.monotonic() + 90
    while queries.run(run.pk).state not in five.ENDS:
        assert time.monotonic() < deadline, queries.run(run.pk).sentence
        place.visit()
        try:
            engine.reconcile(run.pk)
        except Killed:
            DeploymentRun.objects.filter(pk=run.pk).update(lease_until=after(-1))
    assert queries.run(run.pk).state == "succeeded"
    died = (tmp_path / "died").read_text().splitlines()
    assert sum(line.startswith("between switch") for line in died) == 4
    assert sum(line.startswith("boundary") for line in died) >= 5
    assert place.written(mark, run) == [25, 50, 100]


@contextmanager
def worker(place: Place, fate: Path, instants: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process on the test's own database and queues."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    command = [sys.executable, "-m", "tests.cluster.dying_worker", str(fate), instants, *OPTIONS]
    with fate.with_suffix(".log").open("wb") as log:
        child = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"DATABASE_URL": database.geturl()}, stdout=log, stderr=log
        )
    try:
        yield child
    finally:
        child.kill()
        child.wait(10)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not SERVER, reason="needs a PostgreSQL in which databases may be made")
def test_process_killed_between_a_write_and_its_record_is_followed_within_ten_seconds(
    plane: ControlPlane, prometheus: Prometheus, tmp_path: Path
) -> None:
    place, fate = Place(plane, prometheus), tmp_path / "died"
    place.serving()
    fate.write_text("between ensure of step 5\n")  # the first weight is what counts
    mark, run = plane.audit_mark(), five.queue(place.environment, "2.0.0")
    with worker(place, fate, "between") as first:
        tended(place, run, 60, lambda: first.poll() is not None)
    known = queries.run(run.pk)
    assert place.written(mark, run) == [25]
    with worker(place, fate, "none"):
        eventually(lambda: b"ready." in fate.with_suffix(".log").read_bytes(), 60)
        took = tended(place, run, BACK_WITHIN, lambda: queries.run(run.pk).fence > known.fence)
        tended(place, run, 60, lambda: queries.run(run.pk).state in five.ENDS)
    assert took < BACK_WITHIN
    assert queries.run(run.pk).state == "succeeded"
    assert place.written(mark, run) == [25, 50, 100]


def tended(place: Place, run: DeploymentRun, seconds: float, reached: Callable[[], bool]) -> float:
    """Sweep as beat does, with visitors, until something holds; how long that took."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, queries.run(run.pk).sentence
        sweep()
        place.visit()
        time.sleep(0.2)
    return time.monotonic() - began
