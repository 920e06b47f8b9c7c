"""What a look changes of a run and its steps is saved once, at the end of its transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments import queries
from deployments.models import DeploymentRun, Environment
from deployments.services import leases, outcomes
from deployments.states import StepState
from tests.deployments.engine import again, queue


@pytest.fixture
def lease(production: Environment) -> leases.Lease:
    found = leases.take(queue("1.0.0", "staging").pk)
    assert found is not None
    return found


def first_step(run: DeploymentRun) -> StepState:
    return queries.steps_of(run)[0].step_state


def moves(run: DeploymentRun) -> None:
    """Begin, note and finish the first step, and say twice what is waited for."""
    step = queries.steps_of(run)[0]
    outcomes.begin(run, step, traffic=False)
    outcomes.note(run, step, {"seen": 1})
    outcomes.wait(run, "Waiting for this.")
    outcomes.finish(run, step, "It is so.")
    outcomes.wait(run, "Waiting for that.")


def moves_then(run: DeploymentRun, act: Callable[[DeploymentRun], object]) -> None:
    moves(run)
    act(run)


def fail(run: DeploymentRun) -> None:
    raise LookupError


def test_many_moves_write_run_and_step_once(lease: leases.Lease) -> None:
    with CaptureQueriesContext(connection) as asked, leases.fenced(lease) as run:
        moves(run)
    written = [query["sql"].split('"')[1] for query in asked if query["sql"].startswith('UPDATE "')]
    assert sorted(written) == ["deployments_deploymentrun", "deployments_runstep"]
    kept = again(run)
    assert (kept.sentence, first_step(kept)) == ("Waiting for that.", StepState.DONE)
    assert queries.steps_of(kept)[0].data["seen"] == 1


def test_transaction_that_fails_saves_nothing(lease: leases.Lease) -> None:
    before = queries.run(lease.run_id).sentence
    with pytest.raises(LookupError), leases.fenced(lease) as run:
        moves_then(run, fail)
    kept = queries.run(lease.run_id)
    assert (kept.sentence, first_step(kept)) == (before, StepState.WAITING)


def test_lost_lease_saves_nothing(lease: leases.Lease) -> None:
    before = queries.run(lease.run_id).sentence
    with pytest.raises(leases.LeaseLost), leases.fenced(lease) as run:
        moves_then(run, leases.grant)
    assert queries.run(lease.run_id).sentence == before


def test_what_is_frozen_comes_from_the_look(lease: leases.Lease) -> None:
    known = queries.run(lease.run_id)
    with leases.fenced(lease, known) as run:
        assert run.content is known.content
        assert run.environment is known.environment
