"""Deputies: for a named time, in one role; and standing judged when a signature is used."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.actors import person
from accounts.models import Deputy, RoleHolding, User
from accounts.queries import actors
from accounts.roles import Role
from accounts.services.deputies import end_deputy, name_deputy
from accounts.services.people import set_active
from accounts.services.roles import end_role, grant_role
from approvals.errors import MayNotSign
from approvals.models import Gate, SignOff
from approvals.queries import missing, unmeetable
from approvals.services.deciding import decide
from approvals.services.gates import re_judge
from approvals.services.signing import sign, withdraw
from approvals.states import GateState
from events import clock
from events.errors import Blocked, Invalid, NotAllowed
from events.models import Event
from tests.approvals.gates import PROVED, SEAL, fresh, production_gate, say
from tests.approvals.policies import load, rule
from tests.cast import SETUP, actor, make_cast, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _people() -> None:
    make_cast()


def stand_in(
    days: float = 7, *, by: str = "quinn", principal: str = "quinn", role: str = "qa_lead"
) -> Deputy:
    """otto stands in for quinn from now on."""
    now = clock.now()
    return name_deputy(
        user(principal),
        user("otto"),
        role=role,
        since=now,
        until=now + timedelta(days=days),
        reason="Holidays.",
        actor=actor(by),
    )


def test_deputy_signs_in_the_role_and_both_names_are_kept() -> None:
    gate = production_gate()
    stand_in()
    given = sign(gate.pk, actor=actor("otto"), role="qa_lead", answer="go", remark="", seal=SEAL)
    assert (given.person, given.stands_in_for) == (user("otto"), user("quinn"))
    told = Event.objects.get(kind="signoff.given").after
    assert told["stands_in_for"] == user("quinn").actor_id


def test_deputy_counts_among_those_who_can() -> None:
    gate = production_gate()
    stand_in()
    assert any("@otto or @quinn" in blocker.sentence for blocker in missing(gate))


@pytest.fixture
def two_of_qa() -> Gate:
    """A gate that asks two QA Leads: quinn and dana hold the role, otto stands in for quinn."""
    grant_role(user("dana"), Role.QA_LEAD, SETUP)
    load(rule("production", "release_manager", ("qa_lead", 2)))
    stand_in()
    return production_gate()


def go(gate: Gate, name: str) -> SignOff:
    return sign(gate.pk, actor=actor(name), role="qa_lead", answer="go", remark="", seal=SEAL)


@pytest.mark.parametrize(
    ("first", "second", "by"), [("otto", "quinn", "otto for quinn"), ("quinn", "otto", "quinn")]
)
def test_principal_and_deputy_fill_one_place_of_a_count(
    two_of_qa: Gate, first: str, second: str, by: str
) -> None:
    say(two_of_qa, "rita")
    go(two_of_qa, first)
    told = f"{by} has signed 2026.11.0 as QA Lead already, and quinn and their deputies give one signature"
    with pytest.raises(MayNotSign, match=f"{told} together. Another QA Lead can."):
        go(two_of_qa, second)
    (waits,) = missing(two_of_qa)
    assert waits.who == "@dana"
    go(two_of_qa, "dana")
    assert fresh(two_of_qa).status == GateState.SATISFIED


def test_whoever_stands_in_for_two_signs_for_the_one_who_has_not(two_of_qa: Gate) -> None:
    stand_in(by="dana", principal="dana")
    go(two_of_qa, "quinn")
    assert go(two_of_qa, "otto").stands_in_for == user("dana")
    with pytest.raises(MayNotSign, match="otto for dana has signed"):
        go(two_of_qa, "dana")


def test_place_of_a_withdrawn_deputy_is_free_again(two_of_qa: Gate) -> None:
    withdraw(go(two_of_qa, "otto").pk, actor=actor("otto"), reason="quinn is back.")
    assert go(two_of_qa, "quinn").stands


def test_database_refuses_a_principal_beside_their_deputy(two_of_qa: Gate) -> None:
    given = go(two_of_qa, "otto")
    with pytest.raises(IntegrityError, match="signoff_one_per_principal_and_role"), transaction.atomic():
        SignOff.objects.create(
            gate=two_of_qa, person=user("quinn"), role="qa_lead", answer="go", meaning=given.meaning,
            seal=SEAL, at=clock.now(), factors=PROVED,
        )  # fmt: skip


def test_count_that_only_a_principal_with_their_deputy_would_fill_cannot_be_met(two_of_qa: Gate) -> None:
    assert unmeetable(fresh(two_of_qa)) == ""
    end_role(user("dana"), Role.QA_LEAD, SETUP)
    told = unmeetable(fresh(two_of_qa))
    assert "only otto, quinn may give it, and a deputy and whom they stand in for give one signature" in told


def test_deputy_whose_time_is_over_counts_no_more() -> None:
    gate = production_gate()
    stand_in(days=1)
    sign(gate.pk, actor=actor("otto"), role="qa_lead", answer="go", remark="", seal=SEAL)
    with clock.at(clock.now() + timedelta(days=2)):
        assert Role.QA_LEAD not in user("otto").current_roles()
        assert "otto" in re_judge(gate.pk)[0]


def test_deputy_rests_while_the_principal_does_not_hold_the_role() -> None:
    stand_in()
    end_role(user("quinn"), Role.QA_LEAD, SETUP)
    assert not user("otto").current_roles()


def test_deputy_ended_early_holds_nothing() -> None:
    made = stand_in()
    end_deputy(made.pk, actor=actor("quinn"), reason="Back.")
    assert not user("otto").current_roles()
    assert Event.objects.filter(kind="person.deputy_ended").exists()


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"by": "otto"}, NotAllowed, "can."),
        ({"by": "rita"}, NotAllowed, "Only quinn or an Administrator"),
        ({"role": "administrator"}, Invalid, "has no deputies"),
        ({"role": "release_manager"}, Invalid, "quinn does not hold the role Release Manager"),
        ({"days": -1}, Invalid, "must end after it begins"),
        ({"days": 400}, Invalid, "At most 92 days"),
        ({"principal": "otto", "by": "adam"}, Invalid, "somebody else"),
    ],
)
def test_who_may_name_whom_and_for_how_long(
    changes: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        stand_in(**changes)  # type: ignore[arg-type]
    assert not Deputy.objects.exists()


def test_nobody_makes_themselves_a_deputy() -> None:
    grant_role(user("otto"), Role.ADMINISTRATOR, SETUP)
    with pytest.raises(NotAllowed, match="Nobody makes themselves a deputy"):
        stand_in(by="otto")


@pytest.mark.parametrize("how", ["role", "account"])
def test_go_is_refused_while_a_signer_no_longer_stands(how: str) -> None:
    gate = production_gate()
    for name in ("rita", "quinn", "sasha"):
        say(gate, name)
    if how == "role":
        end_role(user("quinn"), Role.QA_LEAD, SETUP)
    else:
        set_active(user("quinn"), active=False, actor=SETUP)
    window = (clock.now(), clock.now() + timedelta(hours=1))
    with pytest.raises(Blocked, match="quinn no longer"):
        decide(gate.pk, actor=actor("rita"), answer="go", reason="", seal=SEAL, window=window)


def test_losing_the_last_holder_is_flagged_once_and_taken_back_when_there_is_another() -> None:
    gate = production_gate()
    assert unmeetable(fresh(gate)) == ""
    end_role(user("quinn"), Role.QA_LEAD, SETUP)
    assert "asks 1 × QA Lead, and nobody may give it" in unmeetable(fresh(gate))
    re_judge(gate.pk)
    re_judge(gate.pk)
    assert Event.objects.filter(kind="gate.unsatisfiable").count() == 1
    grant_role(user("otto"), Role.QA_LEAD, SETUP)
    re_judge(gate.pk)
    assert Event.objects.filter(kind="gate.satisfiable").count() == 1
    assert fresh(gate).stuck_reason == ""


def test_gate_expires_by_the_policy_and_takes_no_signature_before_the_sweep_has_seen_it() -> None:
    gate = production_gate()
    say(gate, "rita")
    with clock.at(clock.now() + timedelta(days=15)):
        with pytest.raises(Exception, match="expired at"):
            say(gate, "quinn")
        assert "nobody made use of it in time" in re_judge(gate.pk)[-1]
    assert fresh(gate).status == GateState.EXPIRED


def test_who_stands_now_is_the_same_asked_of_one_and_of_many() -> None:
    def demand_same() -> list[bool]:
        many = actors(User.objects.values_list("pk", flat=True))
        for key, one in many.items():
            alone = person(User.objects.get(pk=key))
            assert (alone.roles, alone.lent) == (one.roles, one.lent), one.label
        return [bool(one.lent) for one in many.values()]

    assert not any(demand_same())
    lent = stand_in()
    assert any(demand_same())
    Deputy.objects.filter(pk=lent.pk).update(since=clock.now() + timedelta(hours=1))
    assert not any(demand_same())
    Deputy.objects.filter(pk=lent.pk).update(since=clock.now() - timedelta(days=2), until=clock.now())
    assert not any(demand_same())
    Deputy.objects.filter(pk=lent.pk).update(until=clock.now() + timedelta(days=2))
    assert any(demand_same())
    User.objects.filter(username="quinn").update(is_active=False)
    assert not any(demand_same())
    User.objects.filter(username="quinn").update(is_active=True)
    RoleHolding.objects.filter(user__username="quinn").update(until=clock.now())
    assert not any(demand_same())
