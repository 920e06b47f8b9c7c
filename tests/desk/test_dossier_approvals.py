"""Who approved what under which rule: told by the verifier, and found where the database was changed before.

Every change here is made by a superuser with triggers off before the portal itself makes and signs the
dossier, so that the manifest is right and only the signed texts and the events can tell.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.roles import Role
from approvals.models import Gate
from approvals.services.deciding import decide
from approvals.services.gates import void
from approvals.services.signing import withdraw
from desk.dossiers import verify_dossier
from desk.dossiers.archive import make
from desk.dossiers.gathering import Scope
from events import clock, keys
from releases.models import Release
from tests.approvals.gates import SEAL, production_gate, say
from tests.approvals.policies import agree, load, rule
from tests.cast import SETUP, actor, make_cast
from tests.events.tampering import as_superuser

pytestmark = pytest.mark.django_db
VERSION = "2026.11.0"


@pytest.fixture
def gate() -> Gate:
    """One round that was void, one with all signatures and a go, under a policy that was signed."""
    make_cast()
    now = clock.now()
    Release.objects.create(
        version=VERSION, kind="feature", commit="4f2a90c1d0", created_by="x", created_at=now, changed_at=now
    )
    reason = "Three people build this."
    load(rule("production", Role.RELEASE_MANAGER, Role.QA_LEAD))
    load(
        rule("small team", Role.RELEASE_MANAGER, Role.QA_LEAD, Role.SECURITY_OFFICER,
             exceptions=[{"allow": "author_signs", "reason": reason}])
    )  # fmt: skip
    agree("rita", "sasha")
    first = production_gate()
    withdraw(say(first, "quinn").pk, actor=actor("quinn"), reason="Seen too little.")
    void(first.pk, reason="Content changed.", actor=SETUP)
    second = production_gate()
    for name in ("rita", "quinn", "sasha"):
        say(second, name)
    window = (now, now + timedelta(hours=2))
    decide(second.pk, actor=actor("rita"), answer="go", reason="", seal=SEAL, window=window)
    return second


@transaction.atomic
def check(after: str = "") -> None:
    """Raise what the verifier says of a dossier made after these statements, which do not stay."""
    as_superuser(after or "SELECT")
    archive = make(Scope(VERSION), f"Release {VERSION}", lambda percent: None)
    verify_dossier.verify(io.BytesIO(archive), keys.exported(), out=lambda text: None)


def test_verifier_tells_who_approved_what_when_and_under_which_rule(gate: Gate, tmp_path: Path) -> None:
    call_command("make_dossier", release=VERSION, out=tmp_path / "d.zip")
    (tmp_path / "keys.json").write_text(json.dumps(keys.exported()))
    (tmp_path / "verify.py").write_bytes(Path(verify_dossier.__file__).read_bytes())
    command = [sys.executable, "-I", "-S", "verify.py", "d.zip", "--keys", "keys.json"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    assert "everything holds" in told
    assert "rule “small team” of policy 2 asks 1 × release_manager (approved for production)" in told
    assert "quinn as qa_lead: go, “accepted by quality assurance”\n      NO LONGER COUNTS: Seen too" in told
    assert "approval policy 2: gate policy, round 1, satisfied" in told
    assert "rita decided go" in told
    assert "exception of policy 2: an author may sign their own release; used 0 times" in told


LAST = "(SELECT max(id) FROM {})"
SIGNOFF, GATE = LAST.format("approvals_signoff"), LAST.format("approvals_gate")
DEVON = "(SELECT id FROM accounts_user WHERE username = 'devon')"


CHANGES = (
    (f"UPDATE approvals_signoff SET role = 'devops_engineer' WHERE id = {SIGNOFF}", "another role than"),
    (f"UPDATE approvals_signoff SET person_id = {DEVON} WHERE id = {SIGNOFF}", "another person than"),
    (f"UPDATE approvals_signoff SET remark = 'fine' WHERE id = {SIGNOFF}", "another remark than"),
    (f"UPDATE approvals_signoff SET at = at - interval '1 day' WHERE id = {SIGNOFF}", "another at than"),
    (f"DELETE FROM approvals_signoff WHERE id = {SIGNOFF}", "was signed, and is missing"),
    (
        f"DELETE FROM approvals_signedact WHERE signoff_id = {SIGNOFF};"
        f" DELETE FROM approvals_signoff WHERE id = {SIGNOFF}",
        "is missing; event",
    ),
    (f"DELETE FROM approvals_signedact WHERE signoff_id = {SIGNOFF}", "never signed by the portal's key"),
    (
        "UPDATE approvals_signoff SET withdrawn_reason = '', withdrawn_at = NULL",
        "shown otherwise than it was withdrawn",
    ),
    (f"UPDATE approvals_signoff SET invalid_reason = 'x' WHERE id = {SIGNOFF}", "not what the events"),
    (f"UPDATE approvals_decision SET by_id = {DEVON}", "another by than"),
    (f"UPDATE approvals_gate SET state = 'open' WHERE id = {GATE}", "shown as open; the events led it"),
    (f"UPDATE approvals_gate SET rule = '{{}}' WHERE id = {GATE}", "another rule than it was opened"),
    (f"UPDATE approvals_gate SET policy_version = 1 WHERE id = {GATE}", "another policy_version than"),
    (f"DELETE FROM approvals_requirement WHERE gate_id = {GATE} AND role = 'qa_lead'", "asks? something"),
)


def test_records_that_were_changed_before_the_dossier_was_made_are_named(gate: Gate) -> None:
    check()
    for change, named in CHANGES:
        with pytest.raises(verify_dossier.Wrong, match=named):
            check(after=change)
    check()


def test_gate_that_passed_without_all_that_was_asked_is_named() -> None:
    sign = {"gate_id": 1, "role": "qa_lead", "answer": "go", "withdrawn_reason": "", "invalid_reason": ""}
    asked = {"gate_id": 1, "role": "qa_lead", "count": 2, "meaning": "m"}
    records = {"requirements": [asked], "signoffs": [sign]}
    passed = {"id": 1, "label": "x", "round": 1, "state": "satisfied"}
    with pytest.raises(verify_dossier.Wrong, match="satisfied without 2 × qa_lead"):
        verify_dossier.check_gate(passed, [], records, whole=False)
    glass = [{"kind": "glass.broken", "data": {"gate": 1}}]
    verify_dossier.check_gate(passed, glass, records, whole=False)
    with pytest.raises(verify_dossier.Wrong, match="satisfied without 1 × anybody"):
        verify_dossier.check_gate(passed, glass, records | {"signoffs": []}, whole=False)
