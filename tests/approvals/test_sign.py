"""Signing: who, in which role, about which seal, and what the gate makes of it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from accounts.actors import from_token
from accounts.roles import Role
from accounts.services.roles import grant_role
from approvals.errors import AlreadySigned, EmptyGate, GateClosed, GateExists, MayNotSign, WrongSeal
from approvals.models import Gate, SignOff
from approvals.services.gates import open_gate, void
from approvals.services.signing import sign
from approvals.states import GateState
from events.errors import Invalid, NotAllowed
from events.models import Event
from tests.approvals.gates import PROVED, SEAL, fresh, production_gate, say
from tests.cast import SETUP, Fresh, actor, token_of, user

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(Event.objects.filter(stream="release/2026.11.0").values_list("kind", flat=True))


def test_three_roles_on_one_seal_satisfy_the_gate() -> None:
    gate = production_gate()
    for name in ("rita", "quinn"):
        say(gate, name)
    assert fresh(gate).status == GateState.OPEN
    say(gate, "sasha")
    assert fresh(gate).status == GateState.SATISFIED
    assert kinds() == ["gate.opened", *["signoff.given"] * 3, "gate.satisfied"]


def test_author_cannot_sign_own_release() -> None:
    why = "Quinn wrote part of it, and an author signs nothing."
    gate = production_gate(barred={user("quinn").actor_id: why})
    with pytest.raises(MayNotSign, match="an author signs nothing"):
        say(gate, "quinn")


def test_role_must_be_held() -> None:
    gate = production_gate()
    with pytest.raises(MayNotSign, match="quinn does not hold the role Security Officer"):
        sign(gate.pk, actor=actor("quinn"), role=Role.SECURITY_OFFICER, answer="go", remark="", seal=SEAL)


def test_role_lost_since_the_request_began_counts() -> None:
    gate, before = production_gate(), actor("quinn")
    user("quinn").holdings.update(until="2026-01-01T00:00Z", since="2025-01-01T00:00Z")
    with pytest.raises(MayNotSign):
        sign(gate.pk, actor=before, role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)


def test_role_that_the_gate_does_not_ask_cannot_sign() -> None:
    gate = production_gate()
    grant_role(user("quinn"), Role.DEVOPS_ENGINEER, SETUP)
    with pytest.raises(MayNotSign, match="asks no DevOps Engineer"):
        sign(gate.pk, actor=actor("quinn"), role=Role.DEVOPS_ENGINEER, answer="go", remark="", seal=SEAL)


def test_one_person_counts_once_whatever_they_hold() -> None:
    gate = production_gate()
    grant_role(user("rita"), Role.QA_LEAD, SETUP)
    say(gate, "rita")
    with pytest.raises(AlreadySigned, match="already, as Release Manager"):
        sign(gate.pk, actor=actor("rita"), role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)


def test_wrong_seal_is_refused_and_names_the_right_one() -> None:
    gate = production_gate()
    with pytest.raises(WrongSeal) as refusal:
        say(gate, "rita", seal="b2" * 32)
    assert SEAL in refusal.value.fields["seal"][0]
    assert not SignOff.objects.exists()


def test_no_go_stops_and_needs_a_remark() -> None:
    gate = production_gate()
    with pytest.raises(Invalid, match="needs a remark"):
        say(gate, "sasha", "no_go", remark="  ")
    say(gate, "sasha", "no_go", remark="The new port is open to the world.")
    assert fresh(gate).status == GateState.REJECTED
    assert "sasha said no-go as Security Officer" in fresh(gate).closing_reason
    with pytest.raises(GateClosed):
        say(gate, "rita")


def test_veto_of_a_second_signer_stops_a_satisfied_gate() -> None:
    gate = production_gate()
    for name in ("rita", "quinn", "sasha"):
        say(gate, name)
    grant_role(user("dana"), Role.QA_LEAD, SETUP)
    sign(gate.pk, actor=actor("dana"), role=Role.QA_LEAD, answer="no_go", remark="Login fails.", seal=SEAL)
    assert fresh(gate).status == GateState.REJECTED


def test_void_gate_takes_no_signature_and_says_why() -> None:
    gate = production_gate()
    void(gate.pk, reason="The content changed.", actor=actor("dana"))
    with pytest.raises(GateClosed, match="The content changed"):
        say(gate, "rita")


def test_service_token_never_signs() -> None:
    gate, (token, _) = production_gate(), token_of(None, "release")
    with pytest.raises(NotAllowed):
        sign(gate.pk, actor=from_token(token), role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)


def test_personal_token_needs_the_scope_sign() -> None:
    gate, (token, _) = production_gate(), token_of("quinn", "read", "release")
    with pytest.raises(NotAllowed, match="no scope “sign”"):
        sign(gate.pk, actor=from_token(token), role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)
    signing, _ = token_of("quinn", "sign")
    proved = from_token(signing, Fresh("totp"))
    given = sign(gate.pk, actor=proved, role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)
    assert (given.factors["channel"], given.factors["factor"]) == ("token", "totp")


@pytest.mark.parametrize(("role", "answer"), [("chief", "go"), ("qa_lead", "maybe")])
def test_unknown_role_or_answer_names_the_field(role: str, answer: str) -> None:
    gate = production_gate()
    with pytest.raises(Invalid) as refusal:
        sign(gate.pk, actor=actor("quinn"), role=role, answer=answer, remark="", seal=SEAL)
    assert set(refusal.value.fields) == {"role" if role == "chief" else "answer"}


def test_gate_that_asks_nobody_is_a_configuration_error() -> None:
    with pytest.raises(EmptyGate, match="asks no role"):
        open_gate(
            kind="nobody",
            label="x",
            seal=SEAL,
            link="/",
            stream="release/x",
            environment="",
            release_kind="",
            summary={},
            barred={},
            actor=actor("rita"),
        )
    assert not Gate.objects.exists()


def test_one_live_gate_per_release() -> None:
    gate = production_gate()
    with pytest.raises(GateExists):
        production_gate()
    void(gate.pk, reason="The plan changed.", actor=actor("rita"))
    assert production_gate().round == 2


@pytest.mark.parametrize("wrong", [{"seal": "b2" * 32}, {"role": "support"}])
def test_database_refuses_an_answer_for_another_seal_or_role(wrong: dict[str, str]) -> None:
    gate = production_gate()
    row = {"role": "qa_lead", "seal": SEAL, "answer": "go", "meaning": "m", "at": gate.opened_at}
    row |= {"factors": PROVED, **wrong}
    with pytest.raises(IntegrityError):
        SignOff.objects.create(gate=gate, person=user("quinn"), **row)
