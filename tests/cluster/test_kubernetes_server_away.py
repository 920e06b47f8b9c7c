"""The API server gone for a while: never taken for healthy, waited out, and what it held is still there.

A file of its own, after the others: what runs on a control plane that was restarted is slow for a while.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from urllib3.exceptions import HTTPError

from deployments import queries
from deployments.models import DeploymentRun
from deployments.states import RunState
from platforms.base import PlatformUnavailable, Routing
from tests.cluster import five
from tests.cluster.conftest import Namespace, eventually, make_namespace
from tests.cluster.plane import ControlPlane
from tests.cluster.prometheus import Prometheus
from tests.cluster.standins import Standins
from tests.cluster.test_kubernetes_faults import Here
from tests.deployments.engine import look, started_clock
from tests.platforms.contract import ready


@pytest.fixture
def here(namespace: Namespace) -> Here:
    return Here(namespace)


def test_api_server_that_is_away_is_waited_out_and_never_taken_for_healthy(
    here: Here, plane: ControlPlane
) -> None:
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, "blue"))
    eventually(lambda: here.platform.observe().background == "blue")
    plane.stop_apiserver()
    with pytest.raises(PlatformUnavailable, match="cannot be reached"):
        here.platform.observe()
    plane.start_apiserver()

    def back() -> bool:
        try:
            return bool(here.platform.observe().slot("blue").ready)
        except PlatformUnavailable:
            return False

    eventually(back, 30)
    assert here.platform.observe().weights == {"blue": 100}


@pytest.mark.django_db
@pytest.mark.slow
def test_server_that_is_gone_for_a_minute_in_the_middle_of_a_shift_costs_that_minute(
    plane: ControlPlane, standins: Standins
) -> None:
    prometheus = Prometheus(plane)
    with started_clock():
        space = make_namespace(plane, f"away-{os.urandom(3).hex()}", "away")
        where = five.environment_on(space, prometheus)
        five.close(through(five.queue(where, "1.0.0"), space, prometheus))
        mark, run = plane.audit_mark(), five.queue(where, "2.0.0", bake=20)
        through(run, space, prometheus, lambda: run.steps.filter(weight=50, state="running").exists())
        plane.stop_apiserver()
        for _ in range(4):
            look(run, every=15)
        known = queries.run(run.pk)
        assert known.run_state == RunState.RUNNING
        assert "cannot be reached" in known.sentence
        plane.start_apiserver()
        through(run, space, prometheus)
    prometheus.close()
    assert queries.run(run.pk).run_state == RunState.SUCCEEDED
    assert five.route_weights(plane.audit_log(mark), space.name, run.slot) == [25, 50, 100]


def through(
    run: DeploymentRun,
    space: Namespace,
    prometheus: Prometheus,
    reached: Callable[[], bool] | None = None,
) -> DeploymentRun:
    """Look with visitors, a second of the portal's clock each time, until something holds or it is over."""
    deadline = time.monotonic() + 90
    while not (reached() if reached else queries.run(run.pk).state in five.ENDS):
        assert time.monotonic() < deadline, queries.run(run.pk).sentence
        with suppress(AssertionError, HTTPError):  # nobody visits while the server is away
            prometheus.visit(space.name)
        look(run)
        time.sleep(0.05)
    return queries.run(run.pk)
