"""Deciding is another act than signing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import queries
from approvals.errors import AlreadyDecided, GateClosed, MayNotSign, WrongSeal
from approvals.models import Decision, Gate
from approvals.services.deciding import Window, decide, revoke_go
from approvals.states import GateState
from events import clock
from events.errors import Blocked, Invalid, NotAllowed
from tests.approvals.gates import SEAL, fresh, production_gate, say
from tests.cast import actor, user

pytestmark = pytest.mark.django_db


def window() -> Window:
    start = clock.now() + timedelta(hours=1)
    return start, start + timedelta(hours=1)


def say_go(gate: Gate, name: str = "rita", seal: str = SEAL) -> Decision:
    return decide(gate.pk, actor=actor(name), answer="go", reason="", seal=seal, window=window())


def signed_gate() -> Gate:
    gate = production_gate()
    for name in ("rita", "quinn", "sasha"):
        say(gate, name)
    return gate


def test_go_waits_for_every_signature_and_names_who_can_give_it() -> None:
    gate = production_gate()
    say(gate, "rita")
    user("quinn")
    with pytest.raises(Blocked) as refusal:
        say_go(gate)
    assert [b.code for b in refusal.value.blockers] == ["signoff-qa-lead", "signoff-security-officer"]
    assert refusal.value.blockers[0].who == "@quinn"
    assert "nobody who may give it" in refusal.value.blockers[1].sentence


def test_one_go_stands_until_it_is_revoked() -> None:
    gate = signed_gate()
    say_go(gate)
    with pytest.raises(AlreadyDecided):
        say_go(gate)
    assert revoke_go(gate.pk, reason="The window moved.", actor=actor("rita"))
    say_go(gate)


def test_go_needs_its_seal_its_window_and_the_role() -> None:
    gate = signed_gate()
    with pytest.raises(WrongSeal):
        say_go(gate, seal="")
    with pytest.raises(NotAllowed, match="a Release Manager can"):
        say_go(gate, "devon")
    with pytest.raises(Invalid) as refusal:
        decide(gate.pk, actor=actor("rita"), answer="go", reason="", seal=SEAL)
    assert set(refusal.value.fields) == {"window"}


def test_author_cannot_say_go() -> None:
    gate = production_gate(barred={user("rita").actor_id: "Rita wrote part of it."})
    with pytest.raises(MayNotSign, match="Another Release Manager can"):
        say_go(gate)


def test_no_go_closes_even_a_satisfied_gate_and_ends_the_go() -> None:
    gate = signed_gate()
    say_go(gate)
    decide(gate.pk, actor=actor("rita"), answer="no_go", reason="Support is not ready.", seal=SEAL)
    assert fresh(gate).status == GateState.REJECTED
    assert queries.standing_go(gate) is None
    with pytest.raises(GateClosed):
        say_go(gate)


def test_postponing_ends_the_go_and_leaves_the_signatures() -> None:
    gate = signed_gate()
    say_go(gate)
    decide(gate.pk, actor=actor("rita"), answer="postpone", reason="Storm in us-east.", seal=SEAL)
    assert fresh(gate).status == GateState.SATISFIED
    assert queries.standing_go(gate) is None


@pytest.mark.parametrize("answer", ["no_go", "postpone", "perhaps"])
def test_stop_without_reason_or_unknown_answer_is_refused(answer: str) -> None:
    with pytest.raises(Invalid):
        decide(signed_gate().pk, actor=actor("rita"), answer=answer, reason="", seal=SEAL)
