"""What the database refuses to anybody with SQL: a shell and the admin write no other gates than services."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from approvals.models import Decision, Gate, Requirement, SignOff
from approvals.services.gates import void
from events import clock
from tests.approvals.gates import PROVED, SEAL, fresh, production_gate, say
from tests.cast import actor, make_cast, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _people() -> None:
    make_cast()


def refused(act: Any) -> None:
    """The act is refused by the database, at once or at commit."""
    with pytest.raises(IntegrityError):
        _done(act)


def _done(act: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        act()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def row(gate: Gate, name: str = "quinn", role: str = "qa_lead", **more: Any) -> SignOff:
    """A signature that no service wrote."""
    values = {"answer": "go", "meaning": "x", "seal": gate.seal, "at": clock.now(), "factors": PROVED} | more
    return SignOff.objects.create(gate=gate, person=user(name), role=role, **values)


def test_no_gate_is_satisfied_before_its_requirements_are_met() -> None:
    gate = production_gate()
    say(gate, "rita")
    refused(lambda: Gate.objects.filter(pk=gate.pk).update(state="satisfied"))


def test_no_gate_without_requirements_is_satisfied_or_begins_satisfied() -> None:
    asked = production_gate()
    values = {
        f.attname: getattr(asked, f.attname) for f in Gate._meta.fields if f.name not in ("id", "state")
    }
    empty = Gate.objects.create(**values | {"stream": "release/2"})
    refused(lambda: Gate.objects.filter(pk=empty.pk).update(state="satisfied"))
    refused(lambda: Gate(**values | {"stream": "release/3", "state": "satisfied"}).save())


@pytest.mark.parametrize(
    "change",
    [{"seal": "0" * 64}, {"policy_version": 9}, {"rule": {}}, {"release_kind": "major"}, {"round": 7}],
)
def test_what_a_gate_asks_is_never_changed(change: dict[str, Any]) -> None:
    gate = production_gate()
    refused(lambda: Gate.objects.filter(pk=gate.pk).update(**change))


def test_requirements_are_never_lowered_taken_away_or_added() -> None:
    gate = production_gate()
    refused(lambda: gate.requirements.update(meaning="nothing"))
    refused(lambda: gate.requirements.first().delete())
    say(gate, "rita")
    refused(lambda: Requirement.objects.create(gate=gate, role="support", count=1, meaning="x"))


def test_end_of_a_gate_is_never_left() -> None:
    gate = production_gate()
    void(gate.pk, reason="Changed.", actor=actor("rita"))
    values = {"state": "open", "closed_at": None, "closing_reason": ""}
    refused(lambda: Gate.objects.filter(pk=gate.pk).update(**values))


def test_closed_gate_takes_no_answer_and_a_barred_person_gives_none() -> None:
    gate = production_gate(barred={user("quinn").actor_id: "Quinn wrote it."})
    refused(lambda: row(gate))
    void(gate.pk, reason="Changed.", actor=actor("rita"))
    refused(lambda: row(gate, "sasha", "security_officer"))


def test_one_person_in_two_roles_is_refused() -> None:
    gate = production_gate()
    say(gate, "rita")
    refused(lambda: row(gate, "rita", "qa_lead"))


def test_old_seal_and_unasked_role_are_refused() -> None:
    gate = production_gate()
    refused(lambda: row(gate, seal="b" * 64))
    refused(lambda: row(gate, role="support"))


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "no_go", "remark": "x"},
        {"role": "qa_lead"},
        {"meaning": "less"},
        {"at": "2020-01-01T00:00Z"},
        {"remark": "something else"},
        {"factors": PROVED | {"factor": "webauthn"}},
    ],
)
def test_signature_is_never_edited(change: dict[str, Any]) -> None:
    signed = say(production_gate(), "rita")
    refused(lambda: SignOff.objects.filter(pk=signed.pk).update(**change))


def test_withdrawal_is_written_once() -> None:
    signed = say(production_gate(), "rita")
    mine = SignOff.objects.filter(pk=signed.pk)
    mine.update(withdrawn_at=clock.now(), withdrawn_reason="A fault.")
    refused(lambda: mine.update(withdrawn_reason="Another."))
    refused(lambda: mine.update(withdrawn_at=None))


def test_satisfied_gate_does_not_outlive_a_signature_taken_away_by_sql() -> None:
    gate = production_gate()
    for name in ("rita", "quinn", "sasha"):
        say(gate, name)
    refused(lambda: gate.signoffs.filter(person=user("quinn")).update(invalid_reason="gone"))


@pytest.mark.parametrize(
    "factors", [{}, {"channel": "session"}, PROVED | {"factor": ""}, PROVED | {"factor": None}]
)
def test_answer_or_decision_without_a_factor_is_refused(factors: dict[str, Any]) -> None:
    gate = production_gate()
    with pytest.raises(IntegrityError, match="signoff_names_its_factor"), transaction.atomic():
        row(gate, factors=factors)
    values = {"answer": "postpone", "reason": "x", "seal": SEAL, "at": clock.now(), "factors": factors}
    with pytest.raises(IntegrityError, match="decision_names_its_factor"), transaction.atomic():
        Decision.objects.create(gate=gate, by=user("rita"), **values)


def test_nothing_is_deleted() -> None:
    gate = production_gate()
    say(gate, "rita")
    refused(lambda: SignOff.objects.all()._raw_delete("default"))
    refused(lambda: Gate.objects.all()._raw_delete("default"))
    decision = Decision(
        gate=gate, by=user("rita"), answer="postpone", reason="x", seal=SEAL, at=clock.now(), factors=PROVED
    )
    decision.save()
    refused(lambda: decision.delete())
    assert fresh(gate).signoffs.count() == 1
