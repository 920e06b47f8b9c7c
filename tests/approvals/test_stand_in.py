"""Deputies: for a named time, in one role; and standing judged when a signature is used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Deputy
from accounts.roles import Role
from accounts.services.deputies import end_deputy, name_deputy
from accounts.services.people import set_active
from accounts.services.roles import end_role, grant_role
from approvals.queries import missing, unmeetable
from approvals.services.deciding import decide
from approvals.services.gates import re_judge
from approvals.services.signing import sign
from approvals.states import GateState
from events import clock
from events.errors import Blocked, Invalid, NotAllowed
from events.models import Event
from tests.approvals.gates import SEAL, fresh, production_gate, say
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
