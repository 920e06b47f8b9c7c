"""What is started is what was signed, also when somebody changed the rows past the portal."""

from __future__ import annotations

import pytest
from django.db import connection

from approvals.services.signatures import faults
from deployments.models import DeploymentRun
from releases.errors import NotReady
from releases.queries.plans import seal_of
from releases.services import starting
from tests.cast import actor, user
from tests.events.tampering import as_superuser
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]

RELEASE = "UPDATE releases_release SET "
RUN = "UPDATE deployments_deploymentrun SET "
CHANGED = "shows another content, version, kind or plan than was sealed"


def found() -> list[str]:
    return [fault.sentence for fault in faults()]


@pytest.mark.parametrize(
    "change",
    [
        "plan = jsonb_set(plan, '{weights}', '[100]')",
        "plan = jsonb_set(plan, '{limits,minimum_requests}', '0')",
        "kind = 'security'",
        "seal = repeat('e', 64)",
    ],
)
def test_release_that_was_changed_by_sql_after_signing_does_not_start_and_is_named(change: str) -> None:
    release = world.approved()
    world.brief(release)
    with connection.cursor() as cursor:
        cursor.execute(RELEASE + change)
    seal = world.again(release).seal
    with pytest.raises(NotReady, match="stand otherwise than under the seal that was signed"):
        starting.deploy(release.version, actor=actor("devon"), seal=seal)
    assert found() == [f"The release {release.version} {CHANGED} and signed."]


def test_plan_that_was_sealed_anew_by_sql_is_not_the_one_of_the_gate() -> None:
    release = world.approved()
    world.brief(release)
    row = world.again(release)
    row.plan["weights"] = [100]
    row.seal = seal_of(row, row.plan)
    row.save()
    with pytest.raises(NotReady, match="stand otherwise than under the seal"):
        starting.deploy(release.version, actor=actor("devon"), seal=row.seal)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("plan = jsonb_set(plan, '{weights}', '[100]') WHERE needs_proof", "has another content"),
        ("release_kind = 'bugfix' WHERE needs_proof", "has another content"),
        ("seal = repeat('e', 64) WHERE needs_proof", "began without a go that was signed"),
        ("queued_at = queued_at - interval '1 day' WHERE needs_proof", "began without a go that was signed"),
    ],
)
def test_production_run_that_holds_something_else_than_was_signed_is_named(change: str, named: str) -> None:
    world.deploying()
    assert found() == []
    as_superuser(RUN + change)
    assert any(named in sentence for sentence in found())


def test_decision_that_no_key_signed_lets_no_run_pass_as_signed() -> None:
    release = world.deploying()
    as_superuser("DELETE FROM approvals_signedact WHERE act = 'decision'")
    run = DeploymentRun.objects.get(pk=world.again(release).production_run_id)
    assert f"The deployment {run.pk} began without a go that was signed for its seal." in found()


@pytest.mark.parametrize("act", ["sign-off", "decision"])
def test_emergency_act_under_somebodys_other_signature_is_named(act: str) -> None:
    world.approved()
    factors = '{"channel": "session", "factor": "totp", "factor_at": "2026-11-24T10:00:00+00:00"}'
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO approvals_breakglass (gate_id, label, stream, seal, person_id, role, reason, at,"
            " recorded_at, late_entry, factors, signed_act_id)"
            " SELECT gate_id, version, 'release/' || version, seal, %s, 'release_manager', 'A whim.',"
            " now(), now(), false, %s,"
            " (SELECT max(id) FROM approvals_signedact WHERE act = %s) FROM releases_release",
            [user("rita").pk, factors, act],
        )
    assert [s for s in found() if "break glass" in s and "was never signed by the portal's key" in s]
