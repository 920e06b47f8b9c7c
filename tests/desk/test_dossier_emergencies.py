"""Emergency acts in a dossier: what was signed, and what the verifier says of rows that were changed."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.db import transaction

from accounts.roles import Role
from approvals.services.signing import sign
from deployments.services import stopping
from desk.dossiers import verify_dossier
from desk.dossiers.archive import make
from desk.dossiers.gathering import Scope
from events import clock, keys
from releases.models import Release
from releases.services import deciding, emergency, freezes, overriding, starting
from tests.cast import actor
from tests.events.tampering import as_superuser
from tests.releases import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def release() -> Release:
    """It ran with broken glass, through a freeze; a stop was lifted; something was done past the portal."""
    world.build()
    release = world.in_review()
    emergency.break_glass(release.version, actor=actor("rita"), reason="Outage.", seal=release.seal)
    world.sign(release, "quinn")
    world.open_window(release)
    now = clock.now()
    freeze = freezes.add(
        actor=actor("rita"), name="Peak", reason="Peak.", starts_at=now, ends_at=now + timedelta(hours=3)
    )
    overriding.override(
        release.version,
        actor=actor("sasha"),
        freezes=[freeze.pk],
        reason="It cannot wait.",
        seal=release.seal,
    )
    deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal)
    world.brief(release)
    starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
    stop = stopping.stop(environment="production", actor=actor("sue"), reason="Errors.").stop
    for name, role in (("rita", Role.RELEASE_MANAGER), ("sasha", Role.SECURITY_OFFICER)):
        sign(stop.gate_id, actor=actor(name), role=role, answer="go", remark="", seal=stop.gate.seal)
    stopping.lift(stop.pk, actor=actor("devon"), reason="One browser's cache.")
    emergency.record_late(release.version, actor=actor("devon"), reason="Sent back by hand.", at=clock.now())
    return world.again(release)


def records_of(archive: bytes) -> dict[str, list[dict[str, object]]]:
    told: list[str] = []
    records, _ = verify_dossier.verify(io.BytesIO(archive), keys.exported(), out=told.append)
    return records


@transaction.atomic
def dossier(release: Release, after: str = "") -> bytes:
    """Made by the portal itself after these statements, which do not stay."""
    as_superuser(after or "SELECT")
    archive = make(Scope(release.version), release.version, lambda percent: None)
    transaction.set_rollback(True)
    return archive


def test_dossier_shows_every_emergency_act_and_what_was_signed(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    records = records_of(dossier(release))
    acts = {act["act"] for act in records["signed_acts"]}
    assert {"break-glass", "freeze-override", "stop-lift", "late-entry"} <= acts
    assert [stop["lifted_reason"] for stop in records["stops"]] == ["One browser's cache."]
    assert {review["cause"] for review in records["reviews"]} == {"break_glass", "late_entry"}
    people = {actor("rita").id: "rita", actor("devon").id: "devon", actor("sasha").id: "sasha"}
    verify_dossier.tell_approvals(json.loads(json.dumps(records)), people)
    told = capsys.readouterr().out
    assert "rita as release_manager: broke the glass: one signature is enough" in told
    assert f"because: Outage.\n      about {release.seal}; factor totp, given " in told
    assert "sasha as security_officer: let this release pass the named freezes" in told
    assert "devon as devops_engineer: let forward moves and starts go on" in told


GLASS = "approvals_breakglass WHERE NOT late_entry"
CHANGED = "UPDATE approvals_breakglass SET {} WHERE NOT late_entry"
UNSIGNED = "DELETE FROM approvals_signedact WHERE act = 'break-glass'"
EARLIER = "at = at - interval '1 day', recorded_at = recorded_at - interval '1 day'"
CHANGES = (
    (CHANGED.format("reason = 'A whim.'"), "another reason than"),
    (CHANGED.format("role = 'security_officer'"), "another role than"),
    (CHANGED.format(EARLIER), "another at, recorded_at than"),
    (f"DELETE FROM {GLASS}", "break-glass was signed .* missing in the records"),
    (UNSIGNED, "never signed by the portal's key"),
    (f"DELETE FROM {GLASS}; {UNSIGNED}", "tells of broken glass that is missing"),
    ("UPDATE releases_freezeoverride SET reason = 'A whim.'", "another reason than"),
    ("UPDATE releases_freezeoverride SET by = 'system:nobody'", "another by than"),
    ("DELETE FROM releases_freezeoverride", "freeze-override was signed"),
    ("UPDATE approvals_emergencystop SET lifted_reason = 'A whim.'", "another lifted_reason than"),
    ("UPDATE approvals_emergencystop SET lifted_by = 'system:nobody'", "another lifted_by than"),
    ("DELETE FROM approvals_signedact WHERE act = 'stop-lift'", "never signed by the portal's key"),
)  # fmt: skip


def test_emergency_acts_that_were_changed_before_the_dossier_was_made_are_named(release: Release) -> None:
    records_of(dossier(release))
    for change, named in CHANGES:
        with pytest.raises(verify_dossier.Wrong, match=named):
            records_of(dossier(release, after=change))
