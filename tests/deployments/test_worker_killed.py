"""A real worker, killed in the middle of a shift: the run goes on by itself when one is back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.db import connection

from deployments.models import DeploymentRun
from deployments.services.sweep import sweep
from deployments.states import RunState
from hmhp_portal.launcher.processes import WORKER_OPTIONS
from tests.deployments.engine import again, state_is
from tests.deployments.local_site import SERVER, Site
from tests.platforms.agent_fixture import ROOT, TOKEN
from tests.platforms.load import Load

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(not SERVER, reason="needs a PostgreSQL in which databases may be made"),
]
BACK_WITHIN = 10.0


@contextmanager
def worker(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker on the test's own database and queues."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = os.environ | {
        "DATABASE_URL": database.geturl(),
        "PORTAL_LOCAL_AGENT_SOCKET": str(site.agent.socket),
        "PORTAL_LOCAL_AGENT_TOKEN": TOKEN,
    }
    options = [*WORKER_OPTIONS, *"--concurrency 2 -Q engine -l INFO".split()]
    command = [sys.executable, "-m", "celery", "--skip-checks", "-A", "hmhp_portal.celery", "worker"]
    command += options
    log = site.agent.folder / "worker.log"
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        sweeping(lambda: b"ready." in log.read_bytes(), 60)
        yield child
    finally:
        child.kill()
        child.wait(10)


def sweeping(reached: Callable[[], bool], seconds: float) -> float:
    """Sweep each second, as beat does, until something holds; how long that took."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, list(
            DeploymentRun.objects.values_list("subject", "state", "sentence", "next_look_at", "lease_until")
        )
        sweep()
        time.sleep(0.5)
    return time.monotonic() - began


def test_killed_worker_s_run_goes_on_within_ten_seconds_of_its_return(site: Site) -> None:
    site.serving("good-1")
    with Load(site.edge(), 15) as here, Load(site.edge("eu-central"), 15):
        with worker(site) as first:
            run = site.queue("good-2", bake_seconds=4)
            sweeping(lambda: run.steps.filter(kind="shift", state="running").exists(), 120)
            os.kill(first.pid, signal.SIGKILL)
            first.wait(10)
        known = again(run)
        assert known.run_state == RunState.RUNNING
        with worker(site):
            took = sweeping(lambda: again(run).fence > known.fence, BACK_WITHIN)
            sweeping(lambda: state_is(RunState.SUCCEEDED)(again(run)), 180)
    assert took < BACK_WITHIN
    assert dict(here.answers) == {"200": here.total}
    assert set(site.weights("us-east")) == {run.slot}
