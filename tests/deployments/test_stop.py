"""Emergency stop on the engine: everything forward holds, everything back goes on, lifting is signed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.actors import Proof, from_token, system
from accounts.errors import FactorNeeded
from accounts.roles import Role, Scope
from approvals.errors import StopExists, Stopped
from approvals.models import EmergencyStop
from approvals.services.signing import sign
from deployments import queries
from deployments.errors import EnvironmentNotFound
from deployments.models import DeploymentRun, Environment
from deployments.services import leases, steer, stopping
from deployments.states import RunState
from events import clock
from events.errors import Blocked, Invalid, NotAllowed
from tests.cast import actor, app_of, token_of
from tests.deployments.engine import (
    again,
    deploy,
    look,
    look_until,
    queue,
    serving_version,
    state_is,
    step_runs,
)
from tests.deployments.memory_platform import World


@pytest.fixture
def shifting(world: World, production: Environment) -> DeploymentRun:
    """A run that watches 10 % in us-east."""
    serving_version(world)
    run = look_until(queue("1.1.0"), step_runs("10 % in us-east"))
    look(run)
    return run


def green(world: World, run: DeploymentRun, region: str = "us-east") -> int:
    return int(world.at(region).routing.weights.get(run.slot, 0))


def stop(
    name: str = "sue", environment: str = "", reason: str = "Patients see each other's notes."
) -> EmergencyStop:
    return stopping.stop(environment=environment, actor=actor(name), reason=reason).stop


def signed(made: EmergencyStop) -> EmergencyStop:
    """The gate of the stop with every signature that it asks."""
    for name, role in (("rita", Role.RELEASE_MANAGER), ("sasha", Role.SECURITY_OFFICER)):
        gate = made.gate
        assert gate is not None
        sign(gate.pk, actor=actor(name), role=role, answer="go", remark="", seal=gate.seal)
    return made


def serve_on(world: World, run: DeploymentRun, looks: int = 20) -> DeploymentRun:
    for _ in range(looks):
        world.serve(400)
        look(run, every=5)
    return again(run)


def test_stop_in_the_middle_of_a_shift_holds_the_weight(world: World, shifting: DeploymentRun) -> None:
    made = stopping.stop(actor=actor("sue"), reason="Patients see each other's notes.")
    assert made.runs == (shifting.pk,)
    assert again(shifting).sentence.startswith("Emergency stop by")
    run = serve_on(world, shifting)
    assert (green(world, shifting), run.run_state) == (10, RunState.RUNNING)
    assert "emergency stop of every environment is in force" in run.sentence


def test_step_that_has_begun_changes_nothing_under_a_stop(world: World, production: Environment) -> None:
    serving_version(world)
    run = look_until(queue("1.1.0"), lambda r: r.steps.filter(kind="migrate", state="waiting").exists())
    stop()
    calls = dict(world.at("us-east").routing.weights)
    serve_on(world, run)
    assert world.at("us-east").routing.weights == calls
    assert again(run).traffic_at is None


def test_limits_stay_watched_and_the_automatic_return_works_during_a_stop(
    world: World, shifting: DeploymentRun
) -> None:
    stop()
    look_until(
        shifting,
        state_is(RunState.ROLLED_BACK),
        before_look=lambda: world.serve(400, error_rate={shifting.slot: 0.5}),
    )
    assert green(world, shifting) == 0


def test_undecided_weight_goes_back_in_time_during_a_stop(world: World, shifting: DeploymentRun) -> None:
    stop()
    look_until(shifting, state_is(RunState.ROLLED_BACK), every=30)
    assert green(world, shifting) == 0


def test_abort_works_during_a_stop(world: World, shifting: DeploymentRun) -> None:
    stop()
    steer.abort(shifting.pk, actor=actor("devon"), reason="Back, please")
    look_until(shifting, state_is(RunState.ROLLED_BACK))
    assert green(world, shifting) == 0


def test_return_of_a_succeeded_run_works_during_a_stop(world: World, production: Environment) -> None:
    serving_version(world)
    run = deploy(world, "1.1.0")
    stop()
    steer.abort(run.pk, actor=actor("sue"), reason="Calls pile up")
    look_until(run, state_is(RunState.ROLLED_BACK))
    assert green(world, run) == 0


def test_lifted_stop_lets_the_shift_go_on(world: World, shifting: DeploymentRun) -> None:
    made = signed(stop())
    serve_on(world, shifting)
    stopping.lift(made.pk, actor=actor("devon"), reason="It was one browser's cache.")
    look_until(shifting, state_is(RunState.SUCCEEDED), every=5, before_look=lambda: world.serve(400))


def test_lifting_takes_the_run_from_a_look_that_knows_its_steps_as_they_were(
    world: World, shifting: DeploymentRun
) -> None:
    made = signed(stop())
    lease = leases.take(shifting.pk)
    assert lease is not None
    stopping.lift(made.pk, actor=actor("devon"), reason="False alarm.")
    with pytest.raises(leases.LeaseLost), leases.fenced(lease):
        raise AssertionError("the look goes on")


def test_step_is_not_late_for_the_time_of_a_stop(world: World, production: Environment) -> None:
    serving_version(world)
    world.at("us-east").unready["web"] = "is being created"
    run = look_until(queue("1.1.0"), step_runs("Start green in us-east"))
    made = signed(stop())
    clock.advance(timedelta(hours=3))
    look(run)
    world.at("us-east").unready.clear()
    stopping.lift(made.pk, actor=actor("devon"), reason="False alarm.")
    look_until(run, state_is(RunState.SUCCEEDED), every=5, before_look=lambda: world.serve(400))


def test_nothing_starts_under_a_stop(world: World, production: Environment) -> None:
    serving_version(world)
    stop()
    with pytest.raises(Stopped, match="Nothing starts"):
        queue("1.1.0")


def test_queued_run_waits_for_the_lifting(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0")
    made = signed(stop())
    look(run, 3)
    assert again(run).run_state == RunState.QUEUED
    assert "emergency stop" in again(run).sentence
    stopping.lift(made.pk, actor=actor("rita"), reason="False alarm.")
    look_until(run, state_is(RunState.RUNNING))


def test_stop_of_one_environment_leaves_the_others_alone(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0")
    stop(environment="staging")
    look_until(run, state_is(RunState.RUNNING))


def test_resume_and_promote_lead_forward_and_are_refused(world: World, shifting: DeploymentRun) -> None:
    stop()
    with pytest.raises(Stopped):
        steer.promote(shifting.pk, actor=actor("devon"), reason="Quiet hour")
    steer.pause(shifting.pk, actor=actor("devon"), reason="Look")
    with pytest.raises(Stopped):
        steer.resume(shifting.pk, actor=actor("devon"))


def test_database_itself_makes_and_starts_no_run_under_a_stop(world: World, production: Environment) -> None:
    serving_version(world)
    run = queue("1.1.0")
    stop()
    row = DeploymentRun.objects.get(pk=run.pk)
    row.start()
    with pytest.raises(IntegrityError, match="emergency stop is in force"), transaction.atomic():
        row.save()
    copy = DeploymentRun.objects.get(pk=run.pk)
    copy.pk = None
    with pytest.raises(IntegrityError, match="emergency stop is in force"), transaction.atomic():
        copy.save(force_insert=True)


def test_stop_is_lifted_with_every_signature_only(world: World, production: Environment) -> None:
    made = stop()
    assert made.gate is not None
    with pytest.raises(Blocked, match="Release Manager") as refusal:
        stopping.lift(made.pk, actor=actor("devon"), reason="False alarm.")
    assert {blocker.code for blocker in refusal.value.blockers} == {
        "signoff-release-manager",
        "signoff-security-officer",
    }
    with pytest.raises(Invalid, match="Say why"):
        stopping.lift(signed(made).pk, actor=actor("devon"), reason=" ")


def test_stop_is_lifted_with_a_fresh_factor_only_and_keeps_it(world: World, production: Environment) -> None:
    made = signed(stop())
    app_of("devon")
    for proof in (Proof(), Proof("totp", clock.now() - timedelta(minutes=6))):
        with pytest.raises(FactorNeeded, match="lift the emergency stop of every environment"):
            stopping.lift(made.pk, actor=actor("devon", proof), reason="False alarm.")
    assert EmergencyStop.objects.get().in_force
    with pytest.raises(NotAllowed, match="Only a person can lift"):
        stopping.lift(made.pk, actor=system("engine"), reason="False alarm.")
    given = {"lifted_at": clock.now(), "lifted_by": "x", "lifted_reason": "x"}
    with pytest.raises(IntegrityError, match="stop_lifted_names_its_factor"), transaction.atomic():
        EmergencyStop.objects.update(**given)
    assert stopping.lift(made.pk, actor=actor("devon"), reason="Found.").lifted_factors["factor"] == "totp"


@pytest.mark.parametrize("name", ["quinn", "otto", "adam"])
def test_who_may_not_lift(world: World, production: Environment, name: str) -> None:
    made = signed(stop())
    with pytest.raises(NotAllowed):
        stopping.lift(made.pk, actor=actor(name), reason="False alarm.")


def test_stop_is_refused_to_who_holds_no_fitting_role_and_for_unknown_places(
    world: World, production: Environment
) -> None:
    with pytest.raises(NotAllowed):
        stop("otto")
    with pytest.raises(EnvironmentNotFound):
        stop(environment="moon")
    service, _ = token_of(None, Scope.READ, Scope.RELEASE, Scope.STAGE)
    with pytest.raises(NotAllowed):
        stopping.stop(actor=from_token(service), reason="")
    assert not EmergencyStop.objects.exists()


def test_second_stop_of_the_same_place_changes_nothing(world: World, production: Environment) -> None:
    stop()
    with pytest.raises(StopExists):
        stop("devon")
    assert queries.held_by_stop() == []
