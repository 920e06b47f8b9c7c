"""What is signed is kept word for word under the portal's key, and any other word is found."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from approvals.models import SignedAct, SignOff
from approvals.services.deciding import decide
from approvals.services.signatures import faults, is_intact
from approvals.services.signing import withdraw
from events import canonical, clock, keys
from events.models import Event
from platforms.keys.base import KeysUnavailable
from tests.approvals.gates import PROVED, SEAL, production_gate, say
from tests.cast import actor

pytestmark = pytest.mark.django_db
SOMEBODY_ELSE = "(SELECT max(id) FROM accounts_user u WHERE u.id <> person_id)"
OTHER_FACTOR = json.dumps(PROVED | {"factor": "webauthn"})


def tamper(statement: str, *values: object) -> None:
    """As a superuser with triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_signature_names_who_when_as_what_and_over_what() -> None:
    signoff = say(production_gate(), "quinn", remark="Looked at ä and €.")
    act = SignedAct.objects.get()
    told = canonical.loads(act.text)
    assert act.text == canonical.dumps(told).decode()
    assert told["signer"] == {"id": signoff.person.actor_id, "login": "quinn", "name": "Quinn"}
    assert (told["role_name"], told["meaning"]) == ("QA Lead", "accepted by quality assurance")
    assert (told["seal"], told["remark"]) == (SEAL, "Looked at ä and €.")
    assert told["gate"]["label"] == "2026.11.0"
    assert told["factors"]["factor"] == "totp"
    assert is_intact(act)


def test_event_of_the_signature_carries_it() -> None:
    say(production_gate(), "quinn")
    event = Event.objects.get(kind="signoff.given")
    assert event.data["signature"] == SignedAct.objects.get().signature


def test_withdrawals_and_decisions_are_signed_too() -> None:
    gate = production_gate()
    withdraw(say(gate, "quinn").pk, actor=actor("quinn"), reason="Too early")
    decide(gate.pk, actor=actor("rita"), answer="no_go", reason="Not today", seal=SEAL)
    said = {act.act: canonical.loads(act.text) for act in SignedAct.objects.all()}
    assert said["withdrawal"]["reason"] == "Too early"
    assert (said["decision"]["answer"], said["decision"]["meaning"]) == ("no_go", "decided not to go")
    assert list(faults()) == []


def test_without_the_key_nobody_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = production_gate()

    class Locked:
        def sign(self, message: bytes) -> None:
            raise KeysUnavailable("The vault is sealed.")

    monkeypatch.setattr(keys, "keeper", Locked)
    with pytest.raises(keys.CannotSign, match=r"Nothing was signed: The vault is sealed\."):
        say(gate, "quinn")
    assert not SignOff.objects.exists()


@pytest.mark.parametrize(
    "statement", ["UPDATE approvals_signedact SET text = text || ' '", "DELETE FROM approvals_signedact"]
)
def test_database_refuses_to_change_what_was_signed(statement: str) -> None:
    say(production_gate(), "quinn")
    with (
        pytest.raises(IntegrityError, match="is refused"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE approvals_signedact SET text = replace(text, '\"go\"', '\"no_go\"')", "was not made by key"),
        ("UPDATE approvals_signedact SET key_id = '0000000000000000'", "was not made by key"),
        ("UPDATE approvals_signedact SET signature = 'AAAA'", "was not made by key"),
        ("UPDATE approvals_signoff SET remark = 'Something else'", "for another remark"),
        ("UPDATE approvals_signoff SET role = 'security_officer'", "for another role, role_name"),
        (f"UPDATE approvals_signoff SET factors = '{OTHER_FACTOR}'", "for another factors"),
        (f"UPDATE approvals_signoff SET person_id = {SOMEBODY_ELSE}", "for another signer_id"),
        ('UPDATE approvals_gate SET summary = \'{"version": "9.9"}\'', "for another gate"),
        ("DELETE FROM approvals_signedact", "was never signed"),
    ],
)
def test_superusers_tampering_is_found(statement: str, found: str) -> None:
    say(production_gate(), "quinn", remark="Read.")
    tamper(statement)
    assert any(found in fault.sentence for fault in faults())
    with pytest.raises(CommandError, match="do not hold"):
        call_command("verify_signatures")


def test_signature_after_its_keys_end_is_found(tmp_path: object, settings: object) -> None:
    settings.PORTAL_KEY_SETTINGS = {"folder": f"{tmp_path}/keys"}  # type: ignore[attr-defined]
    keys.keeper().ensure(clock.now())
    say(production_gate(), "quinn")
    keys.rotate("system:test")
    assert list(faults()) == []
    tamper("UPDATE approvals_signedact SET at = at + interval '1 day'")
    assert any("after its key's end" in fault.sentence for fault in faults())


def test_all_that_is_right_holds(capsys: pytest.CaptureFixture[str]) -> None:
    gate = production_gate()
    for name in ("rita", "quinn", "sasha"):
        say(gate, name)
    call_command("verify_signatures")
    assert "3 signatures hold." in capsys.readouterr().out
    assert json.dumps(keys.exported())
