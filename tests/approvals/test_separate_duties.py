"""Separation of duties: who wrote, who signs in which role, who starts; and what a policy may give up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from accounts.services.roles import end_role, grant_role
from approvals.errors import AlreadySigned, MayNotSign
from approvals.models import ExceptionUse, Gate, SignOff
from approvals.policy import may_start
from approvals.queries import exceptions_of, missing, standings, unmeetable, waiting_for, who_can_sign
from approvals.rules import Asked
from approvals.services.exceptions import use_exception
from approvals.services.gates import open_gate
from approvals.services.signing import sign, withdraw
from approvals.states import GateState
from events import clock
from tests.approvals.gates import SEAL, at_once, fresh, production_gate, say
from tests.approvals.policies import agree, load, rule
from tests.cast import SETUP, actor, make_cast, user

pytestmark = pytest.mark.django_db
RM, QA, SEC = "release_manager", "qa_lead", "security_officer"


@pytest.fixture(autouse=True)
def _people() -> None:
    make_cast()


def acceptance(role: Role = Role.QA_LEAD) -> Gate:
    """A second gate of the same release."""
    return open_gate(
        kind="acceptance", label="2026.11.0", seal=SEAL, link="/", stream="release/2026.11.0",
        environment="production", release_kind="feature", summary={}, barred={}, actor=actor("rita"),
        asked=[Asked(role, 1, "accepted by users")],
    )  # fmt: skip


def declare(name: str) -> None:
    """The policy gives up one separation, signed."""
    load(rule("production", RM, QA))
    load(rule("production", RM, QA, exceptions=[{"allow": name, "reason": "Three people."}]))
    agree("rita", "sasha")


def test_one_person_signs_one_release_in_one_role_whichever_gate_asks() -> None:
    gate, other = production_gate(), acceptance()
    grant_role(user("rita"), Role.QA_LEAD, SETUP)
    say(gate, "rita")
    with pytest.raises(AlreadySigned, match="signed this already as Release Manager"):
        sign(other.pk, actor=actor("rita"), role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)
    sign(other.pk, actor=actor("quinn"), role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)
    assert fresh(other).status == GateState.SATISFIED


def test_whoever_stands_in_another_role_elsewhere_is_not_named_as_able_to_sign() -> None:
    gate, other = production_gate(), acceptance()
    grant_role(user("rita"), Role.QA_LEAD, SETUP)
    assert missing(other)[0].who == "@quinn or @rita"
    given = say(gate, "rita")
    assert missing(other)[0].who == "@quinn"
    assert user("rita").pk not in who_can_sign(other)
    assert waiting_for(actor("rita")) == []
    end_role(user("quinn"), Role.QA_LEAD, SETUP)
    assert "asks 1 × QA Lead, and nobody may give it" in unmeetable(fresh(other))
    withdraw(given.pk, actor=actor("rita"), reason="As QA Lead instead.")
    assert missing(other)[0].who == "@rita"
    assert unmeetable(fresh(other)) == ""


def test_many_gates_are_asked_who_stands_elsewhere_in_one_query() -> None:
    def ask(count: int) -> list[Gate]:
        return [production_gate(version=f"2026.{count}.{number}") for number in range(count)]

    def asked(gates: list[Gate]) -> int:
        with CaptureQueriesContext(connection) as caught:
            standings(gates)
        return len(caught)

    assert asked(ask(2)) == asked(ask(7))


def test_signature_of_a_gate_that_ended_binds_nobody() -> None:
    gate = production_gate()
    say(gate, "rita")
    Gate.objects.filter(pk=gate.pk).update(state="void", closed_at=clock.now(), closing_reason="Changed.")
    grant_role(user("rita"), Role.QA_LEAD, SETUP)
    sign(acceptance().pk, actor=actor("rita"), role=Role.QA_LEAD, answer="go", remark="", seal=SEAL)


@pytest.mark.django_db(transaction=True)
def test_two_roles_at_two_gates_in_the_same_instant_are_one_signature() -> None:
    gate, other = production_gate(), acceptance()
    grant_role(user("rita"), Role.QA_LEAD, SETUP)
    rita = actor("rita")

    def as_(where: Gate, role: Role) -> Callable[[], SignOff]:
        return lambda: sign(where.pk, actor=rita, role=role, answer="go", remark="", seal=SEAL)

    results = at_once(as_(gate, Role.RELEASE_MANAGER), as_(other, Role.QA_LEAD))
    assert sorted(type(result).__name__ for result in results) == ["AlreadySigned", "SignOff"]
    assert SignOff.objects.count() == 1


def test_person_or_role_that_the_policy_bars_signs_nothing() -> None:
    load(rule("production", RM, QA, never_sign=["developer", "@otto"]))
    gate = production_gate()
    grant_role(user("otto"), Role.QA_LEAD, SETUP)
    grant_role(user("quinn"), Role.DEVELOPER, SETUP)
    with pytest.raises(MayNotSign, match="the policy says that otto may never sign here"):
        sign(gate.pk, actor=actor("otto"), role=QA, answer="go", remark="", seal=SEAL)
    with pytest.raises(MayNotSign, match="holds the role Developer may never sign here"):
        say(gate, "quinn")


def test_who_starts_is_not_the_only_signer() -> None:
    load(rule("production", "devops_engineer"))
    gate = production_gate()
    sign(gate.pk, actor=actor("devon"), role="devops_engineer", answer="go", remark="", seal=SEAL)
    devon, rita = actor("devon"), actor("rita")
    assert "is not its only signer" in str(may_start(fresh(gate), devon.id, "devon"))
    assert may_start(fresh(gate), rita.id, "rita") is None


def test_declared_exception_lets_an_author_sign_and_is_counted() -> None:
    declare("author_signs")
    gate = production_gate(barred={user("quinn").actor_id: "Quinn wrote part of it."})
    say(gate, "quinn")
    use = ExceptionUse.objects.get()
    assert (use.exception, use.person, use.reason) == ("author_signs", user("quinn"), "Three people.")
    exported = [declared.as_data() for declared in exceptions_of(gate.stream)]
    assert [(e["exception"], e["count"], e["policy_version"]) for e in exported] == [("author_signs", 1, 2)]


def test_declared_exception_lets_one_person_sign_in_two_roles_and_is_counted() -> None:
    declare("one_person_two_roles")
    grant_role(user("rita"), Role.QA_LEAD, SETUP)
    gate = production_gate()
    for role in (RM, QA):
        sign(gate.pk, actor=actor("rita"), role=role, answer="go", remark="", seal=SEAL)
    assert fresh(gate).status == GateState.SATISFIED
    assert ExceptionUse.objects.filter(exception="one_person_two_roles").count() == 1
    with pytest.raises(AlreadySigned):
        sign(gate.pk, actor=actor("rita"), role=RM, answer="go", remark="", seal=SEAL)


def test_exception_that_nobody_used_is_shown_too() -> None:
    declare("starter_is_only_signer")
    gate = production_gate()
    assert [d.as_data()["count"] for d in exceptions_of(gate.stream)] == [0]


def test_use_of_an_exception_is_never_changed() -> None:
    declare("author_signs")
    use_exception(production_gate(), "author_signs", user("quinn"))
    with pytest.raises(IntegrityError), transaction.atomic():
        ExceptionUse.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        ExceptionUse.objects.update(reason="")
