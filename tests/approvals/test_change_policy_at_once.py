"""Changed policies in the same instant, in real threads on the real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from approvals.models import PolicyProposal, PolicyVersion
from approvals.queries import in_force
from approvals.services.proposals import propose, settle_proposal, sign_policy
from approvals.states import ProposalState
from events.models import Event
from tests.approvals.gates import at_once
from tests.approvals.policies import load, rule, section, waiting
from tests.cast import SETUP, actor, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
RM, QA, SEC = "release_manager", "qa_lead", "security_officer"


def test_two_last_signatures_and_two_sweeps_adopt_once() -> None:
    make_cast()
    load(rule("production", RM, QA, SEC))
    load(rule("production", RM, QA))
    seal = waiting().digest
    rita, sasha = actor("rita"), actor("sasha")

    def signs(who: Any, role: str) -> Callable[[], Any]:
        return lambda: sign_policy(actor=who, role=role, answer="go", seal=seal)

    results = at_once(signs(rita, RM), signs(sasha, SEC), settle_proposal, settle_proposal)
    assert [type(result).__name__ for result in results[:2]] == ["SignOff", "SignOff"]
    assert list(PolicyVersion.objects.values_list("number", flat=True)) == [1, 2]
    assert Event.objects.filter(kind="policy.adopted", stream="policy/2").count() == 1
    assert PolicyProposal.objects.get().status == ProposalState.ADOPTED


def test_of_two_changes_in_the_same_instant_one_waits() -> None:
    make_cast()
    load(rule("production", RM, QA, SEC))
    changes = [section(rule("production", RM, QA)), section(rule("production", RM, SEC))]

    def proposes(change: dict[str, Any]) -> Callable[[], None]:
        return lambda: propose(change, actor=SETUP)

    at_once(*[proposes(change) for change in changes])
    states = sorted(PolicyProposal.objects.values_list("state", flat=True))
    assert states in (["pending"], ["pending", "withdrawn"])
    assert in_force().number == 1
