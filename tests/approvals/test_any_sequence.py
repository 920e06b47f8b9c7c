"""Any sequence of acts, people, roles, edits, clocks and policy versions against a small model.

The model below shares no code with the portal: it keeps its own people, signatures and rules, and finds out
by trying all assignments whether a rule can be met. No sequence may reach approved without the policy met,
and none that meets it may be kept from it.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.actors import Actor, person
from accounts.models import User
from accounts.roles import Role
from accounts.services.roles import end_role, grant_role
from approvals.models import Gate, SignOff
from approvals.queries import in_force, pending
from approvals.services import gates
from approvals.services.deciding import decide
from approvals.services.proposals import propose, settle_proposal, sign_policy
from approvals.services.signing import sign, withdraw
from approvals.states import GateState
from events import clock
from events.errors import PortalError
from tests.approvals.policies import asks
from tests.cast import SETUP, Fresh

NAMES = ("ann", "ben", "cem", "dia", "eve")
ROLES = ("release_manager", "qa_lead", "security_officer")
EXPIRY = timedelta(hours=8)
EMERGENCIES = ("release_manager", "security_officer")
"""Who is asked at the gates that the documents below leave to the default rules."""
Counts = dict[str, int]


@dataclass
class Asked:
    """What a gate asks in the model, and who answered."""

    counts: Counts
    never: set[str]
    expires: datetime | None
    barred: set[str] = field(default_factory=set)
    goes: list[tuple[str, str]] = field(default_factory=list)
    """(person, role) of goes that stand."""
    ended: bool = False


class Model:
    """Who holds what, and what is asked."""

    def __init__(self) -> None:
        self.roles: dict[str, set[str]] = {name: set() for name in NAMES}
        self.active: set[str] = set(NAMES)

    def holds(self, name: str, role: str) -> bool:
        return name in self.active and role in self.roles[name]

    def is_barred(self, asked: Asked, name: str) -> bool:
        return name in asked.barred or f"@{name}" in asked.never

    def drop_lost(self, asked: Asked) -> None:
        """Signatures of people who lost role or account, or who may not sign, count no more."""
        asked.goes = [(n, r) for n, r in asked.goes if self.holds(n, r) and not self.is_barred(asked, n)]

    def met(self, asked: Asked) -> bool:
        return all(sum(r == role for _, r in asked.goes) >= n for role, n in asked.counts.items())

    def can_sign(self, asked: Asked, name: str, role: str, now: datetime) -> bool:
        late = asked.expires is not None and now >= asked.expires
        return (
            not asked.ended
            and not late
            and self.holds(name, role)
            and not self.is_barred(asked, name)
            and role in asked.counts
            and all(n != name for n, _ in asked.goes)
        )

    def can_be_met(self, counts: Counts, never: set[str]) -> bool:
        """Try every assignment of people to places."""
        places = [role for role, n in counts.items() for _ in range(n)]
        able = [n for n in NAMES if f"@{n}" not in never]
        return any(
            all(self.holds(n, role) for n, role in zip(chosen, places, strict=True))
            for chosen in itertools.permutations(able, len(places))
        )


some_counts = st.dictionaries(st.sampled_from(ROLES), st.integers(1, 2), min_size=1)
some_never = st.lists(st.sampled_from([f"@{n}" for n in NAMES]), max_size=1, unique=True)
name_of, role_of = st.sampled_from(NAMES), st.sampled_from(ROLES)


def document(counts: Counts, never: list[str]) -> dict[str, Any]:
    production = {
        "name": "production",
        "gate": "production",
        "signatures": [asks(role, n) for role, n in sorted(counts.items())],
        "never_sign": never,
        "expires_after_seconds": int(EXPIRY.total_seconds()),
    }
    guard = {"name": "guard", "gate": "policy", "signatures": [asks("security_officer")]}
    return {"rules": [production, guard]}


class GatesAndPolicies(RuleBasedStateMachine):
    """Each example lives in one transaction that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.model = Model()
        self.now = datetime.fromisoformat("2026-11-24T10:00:00+00:00")
        self.clock = clock.at(self.now)
        self.clock.__enter__()
        self.seal = 0
        self.gate: Gate | None = None
        self.asked: Asked | None = None
        self.proposed: tuple[Counts, list[str]] | None = None
        self.guard: Asked | None = None
        self.force: tuple[Counts, list[str]] = ({}, [])
        self.version = 1

    def teardown(self) -> None:
        self.clock.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize(extra=st.lists(st.tuples(name_of, role_of), max_size=6))
    def begin(self, extra: list[tuple[str, str]]) -> None:
        for name in NAMES:
            User.objects.create_user(name, f"{name}@hmhp.example")
        for name, role in [("ann", ROLES[0]), ("ben", ROLES[1]), ("cem", ROLES[2]), *extra]:
            self.give(name, role)
        self.force = (dict.fromkeys(ROLES, 1), [])
        propose(document(*self.force), actor=SETUP)
        self.open()

    def user(self, name: str) -> User:
        return User.objects.get(username=name)

    def actor(self, name: str) -> Actor:
        return person(self.user(name), Fresh("totp"))

    def give(self, name: str, role: str) -> None:
        grant_role(self.user(name), Role(role), SETUP)
        self.model.roles[name].add(role)

    def open(self) -> None:
        counts, never = self.force
        self.seal += 1
        barred = self.asked.barred if self.asked else set()
        self.gate = gates.open_gate(
            kind="production", label="1.0", seal=f"{self.seal:064d}", link="/", stream="release/1.0",
            environment="production", release_kind="feature", summary={}, actor=SETUP,
            barred=self.bars(barred),
        )  # fmt: skip
        self.asked = Asked(dict(counts), set(never), self.now + EXPIRY, set(barred))
        assert self.gate.policy_version == self.version

    def bars(self, names: set[str]) -> dict[str, str]:
        return {self.user(name).actor_id: f"{name} wrote it." for name in names}

    def tried(self, act: Any) -> bool:
        try:
            with transaction.atomic():
                act()
        except PortalError:
            return False
        return True

    @rule(name=name_of, role=role_of, old=st.booleans(), veto=st.integers(0, 9))
    def sign(self, name: str, role: str, old: bool, veto: int) -> None:
        assert self.gate is not None
        assert self.asked is not None
        answer = "no_go" if veto == 0 else "go"
        seal = f"{self.seal - 1:064d}" if old else self.gate.seal
        allowed = self.model.can_sign(self.asked, name, role, self.now) and not old
        done = self.tried(
            lambda: sign(
                self.gate.pk,
                actor=self.actor(name),
                role=role,
                answer=answer,
                remark="x",
                seal=seal,
            )  # type: ignore[union-attr]
        )
        assert done == allowed
        if done and answer == "no_go":
            self.asked.ended = True
        elif done:
            self.asked.goes.append((name, role))

    @rule(name=name_of)
    def take_back(self, name: str) -> None:
        assert self.gate is not None
        assert self.asked is not None
        mine = SignOff.objects.filter(gate=self.gate, person__username=name).order_by("-pk").first()
        if mine is None:
            return
        who = self.actor(name)
        done = self.tried(lambda: withdraw(mine.pk, actor=who, reason="x"))
        if done:
            assert any(n == name for n, _ in self.asked.goes)
            self.asked.goes = [(n, r) for n, r in self.asked.goes if n != name]

    @rule(name=name_of, role=role_of)
    def grant(self, name: str, role: str) -> None:
        self.give(name, role)

    @rule(name=name_of, role=role_of)
    def lose(self, name: str, role: str) -> None:
        end_role(self.user(name), Role(role), SETUP)
        self.model.roles[name].discard(role)

    @rule(name=name_of)
    def switch(self, name: str) -> None:
        on = name not in self.model.active
        User.objects.filter(username=name).update(is_active=on)
        (self.model.active.add if on else self.model.active.discard)(name)

    @rule(name=name_of)
    def turns_out_an_author(self, name: str) -> None:
        assert self.asked is not None
        self.asked.barred.add(name)
        self.judge()

    @rule()
    def judge(self) -> None:
        """What the sweep does every two seconds."""
        assert self.gate is not None
        assert self.asked is not None
        gates.re_judge(self.gate.pk, barred=self.bars(self.asked.barred))
        if not self.asked.ended:
            self.model.drop_lost(self.asked)
            self.asked.ended = self.asked.expires is not None and self.now >= self.asked.expires

    @rule(hours=st.integers(1, 5))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        clock.advance(timedelta(hours=hours))

    @rule()
    def edit(self) -> None:
        """The content changed, or it is asked again: every signature resets."""
        assert self.gate is not None
        gates.void(self.gate.pk, reason="The content changed.", actor=SETUP)
        self.open()

    @rule(counts=some_counts, never=some_never)
    def change_policy(self, counts: Counts, never: list[str]) -> None:
        same = (counts, never) in (self.force, self.proposed)
        fine = same or self.can_be_met_whole(counts, never)
        assert self.tried(lambda: propose(document(counts, never), actor=SETUP)) == fine
        if fine and (counts, never) == self.force:
            self.proposed = self.guard = None
        elif fine and not same:
            self.proposed, self.guard = (counts, never), Asked({"security_officer": 1}, set(), None)

    def can_be_met_whole(self, counts: Counts, never: list[str]) -> bool:
        """Every rule of the document, those for emergencies that it leaves to the default included."""
        return self.model.can_be_met(counts, set(never)) and self.model.can_be_met(
            dict.fromkeys(EMERGENCIES, 1), set()
        )

    @precondition(lambda self: self.proposed is not None)
    @rule(name=name_of)
    def agree_to_policy(self, name: str) -> None:
        waiting = pending()
        assert waiting is not None
        assert self.guard is not None
        allowed = self.model.can_sign(self.guard, name, "security_officer", self.now)
        who = self.actor(name)
        done = self.tried(
            lambda: sign_policy(actor=who, role="security_officer", answer="go", seal=waiting.digest)
        )
        assert done == allowed
        if done:
            self.guard.goes.append((name, "security_officer"))
            self.after_policy()

    @rule()
    def sweep_policy(self) -> None:
        settle_proposal()
        self.after_policy()

    def after_policy(self) -> None:
        if self.proposed is None or self.guard is None:
            return
        self.model.drop_lost(self.guard)
        if self.model.met(self.guard) and self.can_be_met_whole(*self.proposed):
            self.force, self.proposed, self.guard = self.proposed, None, None
            self.version += 1

    @rule(name=name_of)
    def say_go(self, name: str) -> None:
        assert self.gate is not None
        assert self.asked is not None
        window = (self.now, self.now + timedelta(hours=1))
        who, gate = self.actor(name), self.gate
        done = self.tried(
            lambda: decide(gate.pk, actor=who, answer="go", reason="", seal=gate.seal, window=window)
        )
        if done:  # approved: the policy of the gate is met, by people who may, on this seal, in time
            standing = Asked(
                self.asked.counts, self.asked.never, None, self.asked.barred, list(self.asked.goes)
            )
            self.model.drop_lost(standing)
            assert standing.goes == self.asked.goes
            assert self.model.met(standing)
            assert not self.asked.ended
            assert self.asked.expires is None or self.now < self.asked.expires
            assert self.model.holds(name, "release_manager")
            assert not self.model.is_barred(self.asked, name)
            assert len({n for n, _ in standing.goes}) == len(standing.goes)

    @invariant()
    def gate_is_where_the_model_says(self) -> None:
        if self.gate is None or self.asked is None:
            return
        gate = Gate.objects.get(pk=self.gate.pk)
        assert (gate.status not in (GateState.OPEN, GateState.SATISFIED)) == self.asked.ended
        if not self.asked.ended:
            assert (gate.status == GateState.SATISFIED) == self.model.met(self.asked)

    @invariant()
    def policy_in_force_is_the_signed_one(self) -> None:
        if self.gate is not None:
            assert in_force().number == self.version
            assert (pending() is not None) == (self.proposed is not None)


@pytest.mark.django_db
def test_no_sequence_reaches_approved_without_the_policy_met() -> None:
    examples = int(os.environ.get("HYPOTHESIS_SEQUENCES", "40"))
    run_state_machine_as_test(
        GatesAndPolicies,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
