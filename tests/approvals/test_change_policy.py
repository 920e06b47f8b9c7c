"""Versions of the policy: the first at once, each later one by the signatures of the rules before it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts.roles import Role
from accounts.services.roles import end_role, grant_role
from approvals.errors import MayNotSign, NoProposal
from approvals.models import Gate, PolicyProposal, PolicyVersion
from approvals.queries import in_force, pending, tightened
from approvals.services.proposals import propose, settle_proposal, sign_policy, withdraw_proposal
from approvals.states import GateState, ProposalState
from events.models import Event
from tests.approvals.gates import fresh, production_gate, say
from tests.approvals.policies import agree, load, rule, section, waiting
from tests.cast import SETUP, actor, make_cast, user

pytestmark = pytest.mark.django_db
RM, QA, SEC = "release_manager", "qa_lead", "security_officer"
THREE = rule("production", RM, QA, SEC)
TWO = rule("production", RM, QA)


@pytest.fixture(autouse=True)
def _people() -> None:
    make_cast()


def test_first_policy_takes_effect_at_once() -> None:
    load(TWO)
    assert (in_force().number, pending()) == (1, None)
    assert [r.role for r in production_gate().requirements.all()] == [RM, QA]


def test_changed_policy_waits_for_the_signatures_of_the_old_rules() -> None:
    load(THREE)
    load(TWO)
    assert in_force().number == 1
    agree("rita")
    assert in_force().number == 1
    agree("sasha")
    assert (in_force().number, in_force().gate.state) == (2, GateState.SATISFIED)
    kinds = Event.objects.filter(stream="policy/2").values_list("kind", flat=True)
    assert list(kinds)[-1] == "policy.adopted"


def test_exceptions_of_the_first_policy_wait_for_signatures_too() -> None:
    load(THREE | {"exceptions": [{"allow": "author_signs", "reason": "Three people."}]})
    assert (in_force().number, in_force().document["rules"][0]["exceptions"]) == (1, [])
    agree("rita", "sasha")
    assert in_force().document["rules"][0]["exceptions"][0]["allow"] == "author_signs"


def test_no_go_refuses_the_change() -> None:
    load(THREE)
    load(TWO)
    sign_policy(
        actor=actor("sasha"), role=SEC, answer="no_go", remark="Security stays.", seal=waiting().digest
    )
    assert (in_force().number, pending()) == (1, None)
    assert PolicyProposal.objects.get().status == ProposalState.REFUSED


def test_the_same_policy_again_does_nothing_and_going_back_ends_the_proposal() -> None:
    load(THREE)
    load(TWO)
    first = waiting()
    load(TWO)
    assert waiting() == first
    load(THREE)
    assert pending() is None
    assert fresh(first.gate).status == GateState.VOID


def test_another_change_takes_the_place_of_the_one_that_waits() -> None:
    load(THREE)
    load(TWO)
    agree("rita")
    load(rule("production", RM))
    assert waiting().gate.round == 2
    assert not waiting().gate.signoffs.exists()


def test_who_proposes_a_change_does_not_sign_it() -> None:
    load(THREE)
    grant_role(user("rita"), Role.ADMINISTRATOR, SETUP)
    propose(section(TWO), actor=actor("rita"))
    with pytest.raises(MayNotSign, match="rita proposed this change"):
        agree("rita")


def test_signer_who_loses_the_role_before_the_last_signature_does_not_count() -> None:
    load(THREE)
    load(TWO)
    agree("rita")
    end_role(user("rita"), Role.RELEASE_MANAGER, SETUP)
    grant_role(user("otto"), Role.RELEASE_MANAGER, SETUP)
    settle_proposal()
    agree("sasha")
    assert in_force().number == 1
    assert waiting().gate.state == GateState.OPEN


def test_change_can_be_taken_back_by_an_administrator_with_a_reason() -> None:
    load(THREE)
    load(TWO)
    assert withdraw_proposal(actor=actor("adam"), reason="Wrong file.").status == ProposalState.WITHDRAWN
    with pytest.raises(NoProposal):
        withdraw_proposal(actor=actor("adam"), reason="Again.")


def test_gate_keeps_its_version_and_tightening_is_shown() -> None:
    load(TWO)
    gate = production_gate()
    load(THREE)
    agree("rita", "sasha")
    assert (fresh(gate).policy_version, fresh(gate).requirements.count()) == (1, 2)
    assert "asks more: 1 × Security Officer" in tightened(fresh(gate))
    say(gate, "rita")
    say(gate, "quinn")
    assert fresh(gate).status == GateState.SATISFIED


def test_relaxing_releases_nothing_that_waits() -> None:
    load(THREE)
    gate = production_gate()
    say(gate, "rita")
    say(gate, "quinn")
    load(TWO)
    agree("rita", "sasha")
    assert fresh(gate).status == GateState.OPEN
    assert tightened(fresh(gate)) == ""
    say(gate, "sasha")
    assert fresh(gate).status == GateState.SATISFIED


@pytest.mark.parametrize("change", [{"document": {}}, {"digest": "0" * 64}, {"changes": []}])
def test_database_refuses_to_change_a_version(change: dict[str, object]) -> None:
    load(THREE)
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.all().delete()


def test_database_refuses_a_version_that_was_not_signed() -> None:
    load(THREE)
    load(TWO)
    gate, first = waiting().gate, in_force()
    values = {"document": {}, "in_force_since": first.in_force_since, "adopted_by": "x", "number": 2}
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.create(digest=gate.seal, gate=gate, **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.create(digest=gate.seal, gate=None, **values)
    assert Gate.objects.get(pk=gate.pk).state == GateState.OPEN
