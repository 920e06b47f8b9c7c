"""What cannot be queued, and what the database itself refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from deployments import queries
from deployments.errors import ContentInvalid, RunBlocked, RunNotFound
from deployments.models import DeploymentRun, Environment
from deployments.services import steer
from deployments.services.reconcile import reconcile
from deployments.services.start import require_may_deploy
from deployments.states import RunState
from events import clock
from events.errors import NotAllowed
from tests.cast import actor, token_of
from tests.deployments.engine import deploy, look_until, make_content, queue, serving_version, state_is
from tests.deployments.memory_platform import World


def test_production_without_the_proof_of_staging_is_refused(world: World, production: Environment) -> None:
    with pytest.raises(RunBlocked, match="starts only what staging has run") as refusal:
        queue("1.0.0", proved_by=None)
    assert refusal.value.blockers[0].code == "no-proof"
    assert not DeploymentRun.objects.filter(environment=production).exists()


def test_proof_of_other_content_is_refused_by_service_and_database(
    world: World, production: Environment
) -> None:
    other = queue("1.0.0")
    with pytest.raises(RunBlocked):
        queue("1.1.0", proved_by=other.proved_by)
    run = queue("1.2.0")
    with pytest.raises(IntegrityError, match="run_proved_by_same_content"), transaction.atomic():
        DeploymentRun.objects.filter(pk=run.pk).update(proved_by=other.proved_by)


def test_database_wants_the_proof_too(world: World, production: Environment) -> None:
    run = queue("1.0.0")
    with pytest.raises(IntegrityError, match="run_has_its_proof"), transaction.atomic():
        DeploymentRun.objects.filter(pk=run.pk).update(proved_by=None)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"state": "nonsense", "ended_at": clock.now()}, "run_state_known"),
        ({"state": "failed", "ended_at": clock.now(), "traffic_at": clock.now()}, "run_ends_so_before"),
        ({"state": "rolling_back"}, "run_rolls_back_after_traffic"),
        ({"state": "succeeded"}, "run_ended_has_time"),
        ({"slot": "00000000"}, "run_slot_names_content"),
        ({"emergency": True}, "run_emergency_has_reason"),
        ({"kind": "retire"}, "run_retires_a_run"),
    ],
)
def test_database_refuses_what_cannot_be(
    world: World, production: Environment, change: dict[str, Any], constraint: str
) -> None:
    run = queue("1.0.0")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        DeploymentRun.objects.filter(pk=run.pk).update(**change)


@pytest.mark.parametrize(
    "change",
    [
        "content = jsonb_set(content, '{base}', '1')",
        "plan = jsonb_set(plan, '{weights}', '[100]')",
        "seal = repeat('e', 64)",
        "subject = '9.9'",
        "started_by = 'person:other'",
        "needs_proof = false, proved_by_id = NULL",
    ],
)
def test_what_a_run_was_queued_with_is_never_changed(
    world: World, production: Environment, change: str
) -> None:
    run = queue("1.0.0")
    with (
        pytest.raises(IntegrityError, match="was queued with is never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE deployments_deploymentrun SET {change} WHERE id = %s", [run.pk])


def test_no_run_is_deleted(world: World, production: Environment) -> None:
    run = queue("1.0.0")
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        DeploymentRun.objects.filter(pk=run.pk)._raw_delete("default")


def test_content_that_its_hash_does_not_name_is_refused(world: World, production: Environment) -> None:
    with pytest.raises(ContentInvalid, match="hash"):
        queue("1.0.0", "staging", content_hash="0" * 64)


def test_component_with_a_malformed_digest_is_named(world: World, production: Environment) -> None:
    content = make_content("1.0.0")
    content["components"]["web"]["artifact"] = "latest"
    with pytest.raises(ContentInvalid) as refusal:
        queue("1.0.0", "staging", content=content)
    assert list(refusal.value.fields) == ["content.components.web.artifact"]


def test_deployers_of_an_environment_narrow_the_policy(world: World, production: Environment) -> None:
    staging = queries.environment("staging")
    require_may_deploy(actor("dana"), staging)
    staging.deployers = ["devops_engineer"]
    with pytest.raises(NotAllowed, match="DevOps Engineer"):
        require_may_deploy(actor("dana"), staging)
    with pytest.raises(NotAllowed):
        require_may_deploy(actor("rita"), production)


def test_token_for_other_environments_is_refused(world: World, production: Environment) -> None:
    from accounts.actors import from_token

    token, _ = token_of(None, "stage", environments=["development"])
    with pytest.raises(NotAllowed, match="limited to: development"):
        require_may_deploy(from_token(token), queries.environment("staging"))


def test_build_on_another_base_than_production_runs_fails_before_anything(
    world: World, production: Environment
) -> None:
    serving_version(world)
    content = make_content("1.2.0", base={"run": 1, "version": "0.9.0", "content_hash": "9" * 64})
    run = look_until(queue("1.2.0", content=content), state_is(RunState.FAILED))
    assert "Built on 0.9.0, production runs 1.0.0: rebase." in run.sentence


def test_target_for_other_data_fails_the_preflight(world: World, production: Environment) -> None:
    production.targets.filter(region__name="us-east").update(data_class="synthetic")
    run = look_until(queue("1.0.0"), state_is(RunState.FAILED))
    assert "for synthetic data, production holds production data" in run.sentence


def test_unknown_run_is_said_to_be_unknown(world: World, production: Environment) -> None:
    with pytest.raises(RunNotFound, match="no run 4711"):
        reconcile(4711)
    with pytest.raises(RunNotFound, match="no run 4711"):
        steer.abort(4711, actor=actor("devon"), reason="x")


def test_unknown_environment_names_those_that_there_are(world: World, production: Environment) -> None:
    with pytest.raises(Exception, match="development, staging, production"):
        queries.environment("prod")


def test_component_output_is_masked_before_it_is_stored(world: World, production: Environment) -> None:
    run = queue("1.0.0")
    target = world.at("us-east")
    target.output[(run.slot, "web")] = [
        "mail to patient jane@clinic.example failed",
        "password=hunter2secret",
    ]
    look_until(run, state_is(RunState.SUCCEEDED), every=5, before_look=lambda: world.serve(400))
    texts = list(run.lines.filter(kind="log", source="web").values_list("text", flat=True))
    assert len(texts) >= 2
    assert not any("jane@" in text or "hunter2" in text for text in texts)


def test_lines_of_a_run_have_one_sequence_without_gaps(world: World, production: Environment) -> None:
    run = deploy(world, "1.0.0")
    positions = list(run.lines.order_by("seq").values_list("seq", flat=True))
    assert positions == list(range(1, len(positions) + 1))


def test_production_that_serves_something_else_than_blue_is_not_shifted(
    world: World, production: Environment
) -> None:
    blue = serving_version(world)
    target = world.at("eu-central")
    target.ensure(target.fence, replace(target.specs[blue.slot], slot="somebody"))
    target.act_past_portal({"somebody": 100})
    run = look_until(queue("1.1.0"), state_is(RunState.FAILED))
    assert f"eu-central serves somebody with 100 %, where {blue.slot} should serve" in run.sentence
