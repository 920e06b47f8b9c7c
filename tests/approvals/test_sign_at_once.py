"""Races, with real threads on real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.actors import Actor
from approvals.errors import AlreadyDecided, AlreadySigned, GateClosed
from approvals.models import Decision, Gate, SignOff
from approvals.services.deciding import decide
from approvals.services.gates import void
from approvals.services.signing import sign
from approvals.states import GateState
from events import clock
from events.models import Event
from tests.approvals.gates import ROLE_OF, SEAL, at_once, fresh, production_gate, say
from tests.cast import actor

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def signing(gate: Gate, who: Actor) -> Callable[[], SignOff]:
    role = ROLE_OF[who.label]
    return lambda: sign(gate.pk, actor=who, role=role, answer="go", remark="", seal=SEAL)


def voiding(gate: Gate, who: Actor) -> Callable[[], Gate]:
    return lambda: void(gate.pk, reason="The content changed.", actor=who)


def test_two_last_signatures_in_the_same_instant_are_both_stored() -> None:
    people = {name: actor(name) for name in ROLE_OF}

    for number in range(ROUNDS):
        gate = production_gate(version=f"2026.11.{number}")
        say(gate, "rita")
        results = at_once(signing(gate, people["quinn"]), signing(gate, people["sasha"]))
        assert all(isinstance(r, SignOff) for r in results)
        assert fresh(gate).status == GateState.SATISFIED
        told = Event.objects.filter(stream=gate.stream).values_list("kind", flat=True)
        assert list(told).count("gate.satisfied") == 1


def test_two_goes_in_the_same_instant_are_one() -> None:
    rita, start = actor("rita"), clock.now() + timedelta(hours=1)
    gate = production_gate()
    for name in ROLE_OF:
        say(gate, name)

    def go() -> Decision:
        window = (start, start + timedelta(hours=1))
        return decide(gate.pk, actor=rita, answer="go", reason="", seal=SEAL, window=window)

    results = at_once(*[go] * 4)
    assert sum(isinstance(r, Decision) for r in results) == 1
    assert sum(isinstance(r, AlreadyDecided) for r in results) == 3
    assert Decision.objects.count() == 1


def test_one_person_signing_twice_in_the_same_instant_counts_once() -> None:
    gate, quinn = production_gate(), actor("quinn")
    results = at_once(*[signing(gate, quinn)] * 4)
    assert sum(isinstance(r, SignOff) for r in results) == 1
    assert sum(isinstance(r, AlreadySigned) for r in results) == 3


def test_signature_racing_a_void_gate_never_satisfies_it() -> None:
    quinn, rita = actor("quinn"), actor("rita")
    for number in range(ROUNDS):
        gate = production_gate(version=f"2026.12.{number}")
        say(gate, "rita")
        say(gate, "sasha")
        signed, _ = at_once(signing(gate, quinn), voiding(gate, rita))
        assert isinstance(signed, SignOff | GateClosed)
        assert fresh(gate).status == GateState.VOID
