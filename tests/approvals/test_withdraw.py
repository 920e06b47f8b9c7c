"""Taking a signature back, and signatures that no longer count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.roles import Role
from accounts.services.roles import end_role
from approvals import queries
from approvals.errors import GateClosed, MayNotSign
from approvals.models import Gate, SignOff
from approvals.services.deciding import decide
from approvals.services.gates import re_judge, void
from approvals.services.signing import withdraw
from approvals.states import GateState
from events import clock
from events.errors import Invalid
from tests.approvals.gates import SEAL, fresh, production_gate, say
from tests.cast import SETUP, actor, user

pytestmark = pytest.mark.django_db


def signed_gate() -> tuple[Gate, dict[str, SignOff]]:
    gate = production_gate()
    return gate, {name: say(gate, name) for name in ("rita", "quinn", "sasha")}


def test_withdrawn_signature_opens_a_satisfied_gate_and_ends_the_go() -> None:
    gate, signoffs = signed_gate()
    start = clock.now()
    window = (start, start + timedelta(hours=1))
    decide(gate.pk, actor=actor("rita"), answer="go", reason="", seal=SEAL, window=window)
    withdraw(signoffs["quinn"].pk, actor=actor("quinn"), reason="The window moved into the night.")
    assert fresh(gate).status == GateState.OPEN
    assert queries.standing_go(gate) is None
    say(gate, "quinn")
    assert fresh(gate).status == GateState.SATISFIED


def test_only_the_signer_withdraws_and_says_why() -> None:
    _, signoffs = signed_gate()
    with pytest.raises(MayNotSign, match="Only quinn"):
        withdraw(signoffs["quinn"].pk, actor=actor("rita"), reason="No.")
    with pytest.raises(Invalid):
        withdraw(signoffs["quinn"].pk, actor=actor("quinn"), reason=" ")


def test_nothing_is_withdrawn_twice_or_from_a_closed_gate() -> None:
    gate, signoffs = signed_gate()
    withdraw(signoffs["quinn"].pk, actor=actor("quinn"), reason="Wait.")
    with pytest.raises(GateClosed):
        withdraw(signoffs["quinn"].pk, actor=actor("quinn"), reason="Wait.")
    void(gate.pk, reason="Changed.", actor=actor("rita"))
    with pytest.raises(GateClosed):
        withdraw(signoffs["rita"].pk, actor=actor("rita"), reason="Wait.")


def test_lost_role_ends_the_signature() -> None:
    gate, _ = signed_gate()
    assert re_judge(gate.pk) == []
    end_role(user("quinn"), Role.QA_LEAD, SETUP)
    assert re_judge(gate.pk) == ["quinn no longer has an active account with a role."]
    assert fresh(gate).status == GateState.OPEN
    assert [row.state for row in queries.standing(gate)] == ["signed", "waiting", "signed"]


def test_lost_account_ends_the_signature() -> None:
    gate, _ = signed_gate()
    leaver = user("sasha")
    leaver.is_active = False
    leaver.save()
    assert len(re_judge(gate.pk)) == 1
    assert fresh(gate).status == GateState.OPEN


def test_signer_who_turns_out_to_be_an_author_no_longer_counts() -> None:
    gate, _ = signed_gate()
    lost = re_judge(gate.pk, barred={user("quinn").actor_id: "Quinn wrote part of it."})
    assert lost == ["quinn may no longer sign 2026.11.0: Quinn wrote part of it."]
    with pytest.raises(MayNotSign):
        say(gate, "quinn")
