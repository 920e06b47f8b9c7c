"""Acts, people, roles, deputies, edits, clocks and policy versions in any sequence, each beside the model.

Two gates of one subject take answers side by side: `production`, whose rules change, and `acceptance`. Each
example is rolled back; people and version 1 of the policy are there before (`set_the_scene`).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.actors import Actor, Proof, person
from accounts.models import Deputy, User
from accounts.roles import Role
from accounts.services.deputies import end_deputy, name_deputy
from accounts.services.people import set_active
from accounts.services.roles import end_role, grant_role
from approvals.models import Gate, PolicyVersion, SignOff
from approvals.policy import may_start
from approvals.queries import in_force, pending, standing, tightened
from approvals.services import gates
from approvals.services.deciding import decide
from approvals.services.proposals import propose, settle_proposal, sign_policy
from approvals.services.signing import sign, withdraw
from approvals.states import LIVE, GateState
from events import clock
from events.errors import PortalError
from tests.approvals.model import NAMES, ROLES, Asked, Go, Lent, Model, Rules, signed_in
from tests.approvals.policies import asks
from tests.cast import SETUP, Fresh

EXPIRY = timedelta(hours=8)
BEGIN = datetime.fromisoformat("2026-11-24T10:00:00+00:00")
FIRST = Rules(dict.fromkeys(ROLES, 1), never=("dia",))
ACCEPTANCE = Rules({"release_manager": 1, "qa_lead": 1})
EMERGENCIES = Rules({"release_manager": 1, "security_officer": 1})
"""Who is asked at the gates that the documents below leave to the default rules."""
GUARD = Rules({"release_manager": 1, "security_officer": 1})
HOLDERS = (*zip(("ann", "ben", "cem"), ROLES, strict=True), ("dia", ROLES[1]), ("eve", ROLES[2]))
GATES_NOW = """
    SELECT g.kind, g.state, EXISTS (
        SELECT FROM approvals_decision d WHERE d.gate_id = g.id AND d.answer = 'go' AND d.revoked_at IS NULL
    ), (SELECT count(*) FROM approvals_exceptionuse) FROM approvals_gate g WHERE g.id = ANY (%s)
"""
LESS = ("author_signs", "one_person_two_roles", "starter_is_only_signer")

name_of, role_of = st.sampled_from(NAMES), st.sampled_from(ROLES)
gate_of = st.sampled_from(("production", "production", "acceptance"))
some_pick = st.integers(0, 11)
seldom = st.integers(0, 7).map(lambda n: n == 7)
some_how = st.sampled_from(("", "", "", "wrong seal", "veto", "unproved"))
some_rules = st.builds(
    Rules,
    st.dictionaries(role_of, st.sampled_from((1, 1, 2)), min_size=1),
    st.lists(name_of, max_size=1).map(tuple),
    st.lists(st.sampled_from(LESS), max_size=1).map(tuple),
)


def document(rules: Rules) -> dict[str, Any]:
    """The platform file's `approval_policy` with these rules for production."""
    hours = int(EXPIRY.total_seconds())
    production = {
        "name": "production",
        "gate": "production",
        "signatures": [asks(role, n) for role, n in sorted(rules.counts.items())],
        "never_sign": [f"@{name}" for name in rules.never],
        "exceptions": [{"allow": name, "reason": "A small team."} for name in rules.exceptions],
        "expires_after_seconds": hours,
    }
    acceptance = {
        "name": "acceptance",
        "gate": "acceptance",
        "signatures": [asks(role) for role in ACCEPTANCE.counts],
        "expires_after_seconds": hours,
    }
    guard = {"name": "guard", "gate": "policy", "signatures": [asks(role) for role in GUARD.counts]}
    return {"rules": [production, acceptance, guard]}


def set_the_scene() -> dict[str, User]:
    """Five people, three of whom hold a role, an Administrator, and version 1 of the policy."""
    people = {name: User.objects.create_user(name, f"{name}@hmhp.example") for name in NAMES}
    with clock.at(BEGIN):
        for name, role in HOLDERS:
            grant_role(people[name], Role(role), SETUP)
        grant_role(people["eve"], Role.ADMINISTRATOR, SETUP)
        propose(document(FIRST), actor=SETUP)
    return people


class Sequences(RuleBasedStateMachine):
    """Every act is tried in the portal and in the model; both must agree on what came of it."""

    everybody: dict[str, User]

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clock = clock.at(BEGIN)
        self.clock.__enter__()
        self.now = BEGIN
        self.people = {name: copy(user) for name, user in self.everybody.items()}
        self.model = Model()
        for name, role in HOLDERS:
            self.model.roles[name].add(role)
        self.gates: dict[str, Gate] = {}
        self.asked: dict[str, Asked] = {}
        self.seal = 0
        self.uses = 0
        self.force, self.version = FIRST, 1
        self.proposed: Rules | None = None
        self.guard: Asked | None = None

    def teardown(self) -> None:
        """Nothing is kept."""
        self.clock.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize(
        extra=st.lists(st.tuples(name_of, role_of), min_size=2, max_size=6), less=st.sampled_from(("", *LESS))
    )
    def begin(self, extra: list[tuple[str, str]], less: str) -> None:
        if less:
            self.adopt(FIRST._replace(exceptions=(less,)))
        for name, role in extra:
            self.grant(name, role)
        self.before = {name: self.actor(name) for name in NAMES}
        self.open("production")
        self.open("acceptance")

    def adopt(self, rules: Rules) -> None:
        """Begin under other rules, signed as they must be."""
        propose(document(rules), actor=SETUP)
        waiting = pending()
        assert waiting is not None
        for name, role in (("ann", "release_manager"), ("cem", "security_officer")):
            sign_policy(actor=self.actor(name), role=role, answer="go", remark="", seal=waiting.digest)
        self.force, self.version = rules, self.version + 1

    def actor(self, name: str, proof: Proof | None = None) -> Actor:
        return person(self.people[name], proof or Fresh("totp"))

    def open(self, kind: str) -> None:
        rules = self.force if kind == "production" else ACCEPTANCE
        barred = set(self.asked[kind].barred) if kind in self.asked else set()
        self.seal += 1
        self.gates[kind] = gates.open_gate(
            kind=kind, label="1.0", seal=f"{self.seal:064d}", link="/", stream="release/1.0",
            environment="production", release_kind="feature", summary={}, actor=SETUP,
            barred=self.bars(barred),
        )  # fmt: skip
        self.asked[kind] = Asked(rules, self.now + EXPIRY, barred)
        assert self.gates[kind].policy_version == self.version

    def a_role_of(self, name: str, pick: int, session: Actor | None = None) -> str:
        """One of the person's own roles mostly (of the session's, where one is named), sometimes another."""
        held = session.roles if session else self.model.held(name, self.now)
        choices = [role for role in ROLES if role in held] * 3 + list(ROLES)
        return choices[pick % len(choices)]

    def bars(self, names: set[str]) -> dict[str, str]:
        return {self.people[name].actor_id: f"{name} wrote it." for name in names}

    def outcome(self, act: Callable[[], Any]) -> str | None:
        try:
            act()
        except PortalError as refusal:
            return type(refusal).__name__
        return None

    # answers

    @rule(name=name_of, pick=some_pick, kind=gate_of, how=some_how, old_session=st.booleans())
    def sign(self, name: str, pick: int, kind: str, how: str, old_session: bool) -> None:
        who = self.before[name] if old_session else self.actor(name)
        self.signs(kind, who, name, self.a_role_of(name, pick, who), how)

    @rule(kind=gate_of, pick=some_pick)
    def signer_goes_to_the_other_gate(self, kind: str, pick: int) -> None:
        """Whoever stands at one gate of the release tries another role of theirs at its other gate."""
        other = "acceptance" if kind == "production" else "production"
        ways = [
            (go.name, role)
            for go in self.asked[kind].goes
            for role in self.asked[other].rules.counts
            if role != go.role and not self.asked[other].bars(go.name)
        ]
        if ways:
            name, role = ways[pick % len(ways)]
            self.grant(name, role)
            self.signs(other, self.actor(name), name, role)

    @rule(kind=gate_of, pick=some_pick, off=st.booleans())
    def loses_a_role_and_signs_in_an_old_session(self, kind: str, pick: int, off: bool) -> None:
        """A request that began with a role which is gone when it signs."""
        ways = self.who_may_sign_as(kind)
        if ways:
            name, role = ways[pick % len(ways)]
            began = self.actor(name)
            if off and name != NAMES[-1]:
                self.switch(name)
            else:
                self.take_role(name, role)
            self.signs(kind, began, name, role)

    @rule(kind=gate_of, pick=some_pick)
    def whoever_may_signs_without_a_second_factor(self, kind: str, pick: int) -> None:
        """Nothing but the factor is missing."""
        ways = self.who_may_sign_as(kind)
        if ways:
            name, role = ways[pick % len(ways)]
            self.signs(kind, self.actor(name), name, role, "unproved")

    def who_may_sign_as(self, kind: str) -> list[tuple[str, str]]:
        """Everybody who would be let sign now, with each role that they would be let sign in."""
        roles = self.asked[kind].rules.counts
        return [(name, role) for name in NAMES for role in roles if self.why_not(kind, name, role) is None]

    def signs(self, kind: str, who: Actor, name: str, role: str, how: str = "") -> None:
        """One answer, beside what the model expects of it; `how` is what else is wrong or other with it."""
        wrong_seal, veto, unproved = (how == way for way in ("wrong seal", "veto", "unproved"))
        may_at_all = bool(who.roles - {Role.ADMINISTRATOR})
        expected = "NotAllowed" if not may_at_all else self.why_not(kind, name, role)
        if expected is None and wrong_seal:
            expected = "WrongSeal"
        if expected is None and unproved:
            expected = "FactorNotSetUp"
        if unproved:
            who = Actor(who.id, who.kind, who.label, who.roles, user=who.user, proof=Proof("totp"))
        seal = f"{0 if wrong_seal else int(self.gates[kind].seal):064d}"
        got = self.outcome(lambda: self.give(kind, who, role, "no_go" if veto else "go", seal))
        assert got == expected
        if got is None:
            self.answered(kind, name, role, veto)
        self.who_can_is_who_may(kind)

    def who_can_is_who_may(self, kind: str) -> None:
        """Whoever is named as able to sign is let sign, and nobody else."""
        gate = Gate.objects.get(pk=self.gates[kind].pk)
        for row in standing(gate) if not self.asked[kind].is_late(self.now) else ():
            may = {name for name in NAMES if self.why_not(kind, name, row.role) is None}
            assert row.state != "waiting" or set(row.who_can) == may

    def give(self, kind: str, who: Actor, role: str, answer: str, seal: str) -> None:
        sign(self.gates[kind].pk, actor=who, role=role, answer=answer, remark="x", seal=seal)

    def why_not(self, kind: str, name: str, role: str) -> str | None:
        return self.model.why_not(self.asked[kind], self.beside(kind), name, role, self.now)

    def beside(self, kind: str) -> list[Asked]:
        return [asked for other, asked in self.asked.items() if other != kind]

    def answered(self, kind: str, name: str, role: str, veto: bool) -> None:
        asked = self.asked[kind]
        earlier = signed_in(list(self.asked.values()), name)
        self.uses += name in asked.barred
        self.uses += "one_person_two_roles" in asked.allows and bool(earlier - {role})
        asked.end() if veto else asked.goes.append(self.go(asked, name, role))

    def go(self, asked: Asked, name: str, role: str) -> Go:
        return Go(name, role, self.model.left(asked, name, role, self.now)[0])

    @rule(kind=gate_of, first=st.permutations(NAMES))
    def whoever_can_signs(self, kind: str, first: list[str]) -> None:
        """Leads to where the interesting things happen: gates that are met, or nearly."""
        asked, gate = self.asked[kind], self.gates[kind]
        for role, count in asked.rules.counts.items():
            for name in first:
                enough = sum(go.role == role for go in asked.goes) >= count
                if not enough and self.why_not(kind, name, role) is None:
                    self.give(kind, self.actor(name), role, "go", gate.seal)
                    self.answered(kind, name, role, veto=False)

    @rule(name=name_of, by=name_of, kind=gate_of, own=st.booleans())
    def take_back(self, name: str, by: str, kind: str, own: bool) -> None:
        given = SignOff.objects.filter(gate=self.gates[kind], person=self.people[name])
        mine = given.order_by("-pk").first()
        if mine is None:
            return
        by, asked = name if own else by, self.asked[kind]
        expected = None
        if not self.model.held(by, self.now):
            expected = "NotAllowed"
        elif by != name:
            expected = "MayNotSign"
        elif asked.ended or (name, mine.role) not in {go[:2] for go in asked.goes} or not mine.stands:
            expected = "GateClosed"
        who = self.actor(by)
        assert self.outcome(lambda: withdraw(mine.pk, actor=who, reason="x")) == expected
        if expected is None:
            asked.drop(name, mine.role)

    @rule(name=name_of, kind=gate_of, answer=st.sampled_from(("go", "go", "go", "postpone", "no_go")))
    def decide(self, name: str, kind: str, answer: str) -> None:
        gate, asked, who = self.gates[kind], self.asked[kind], self.actor(name)
        window = (self.now, self.now + timedelta(hours=1)) if answer == "go" else None
        expected = None
        if "release_manager" not in self.model.held(name, self.now):
            expected = "NotAllowed"
        elif asked.ended:
            expected = "GateClosed"
        elif answer == "go":
            expected = self.why_no_go(asked, name)
        assert expected == self.outcome(
            lambda: decide(gate.pk, actor=who, answer=answer, reason="x", seal=gate.seal, window=window)
        )
        if expected is None:
            asked.decided = answer == "go"
            if answer == "no_go":
                asked.end()

    def why_no_go(self, asked: Asked, name: str) -> str | None:
        if name in asked.barred:
            return "MayNotSign"
        if asked.decided:
            return "AlreadyDecided"
        if asked.is_late(self.now):
            return "GateClosed"
        stand = all(self.model.counts(asked, go.name, go.role, self.now) for go in asked.goes)
        return None if stand and asked.met() else "Blocked"

    # people

    @rule(name=name_of, role=role_of)
    def grant(self, name: str, role: str) -> None:
        grant_role(self.people[name], Role(role), SETUP)
        self.model.roles[name].add(role)

    @rule(name=name_of, pick=some_pick)
    def lose(self, name: str, pick: int) -> None:
        self.take_role(name, self.a_role_of(name, pick))

    def take_role(self, name: str, role: str) -> None:
        end_role(self.people[name], Role(role), SETUP)
        self.model.roles[name].discard(role)
        self.everybody_holds_what_the_model_says()

    @rule(name=st.sampled_from(NAMES[:-1]))
    def switch(self, name: str) -> None:
        on = name not in self.model.active
        self.people[name] = set_active(self.people[name], active=on, actor=SETUP)
        (self.model.active.add if on else self.model.active.discard)(name)
        self.everybody_holds_what_the_model_says()

    def everybody_holds_what_the_model_says(self) -> None:
        for name in NAMES:
            held = self.actor(name).roles - {Role.ADMINISTRATOR}
            assert held == self.model.held(name, self.now), name

    @rule(principal=name_of, deputy=name_of, pick=some_pick, hours=st.integers(1, 9))
    def name_deputy(self, principal: str, deputy: str, pick: int, hours: int) -> None:
        role = self.a_role_of(principal, pick)
        until = self.now + timedelta(hours=hours)
        who, model = self.actor(principal), self.model
        fine = model.has(principal, role) and deputy in model.active and principal != deputy
        got = self.outcome(
            lambda: name_deputy(
                self.people[principal], self.people[deputy], role=role, since=self.now, until=until,
                reason="Away.", actor=who,
            )
        )  # fmt: skip
        assert (got is None) == fine
        if fine:
            model.lent.append(Lent(principal, deputy, role, until))

    @precondition(lambda self: self.model.lent)
    @rule()
    def end_deputy(self) -> None:
        ends = self.model.lent.pop(0)
        made = Deputy.objects.filter(ended_at=None).order_by("pk").first()
        assert made is not None
        assert (made.deputy.username, made.role) == (ends.deputy, ends.role)
        end_deputy(made.pk, actor=SETUP)
        Deputy.objects.filter(pk=made.pk, ended_at=None).update(ended_at=clock.now())  # its time was over
        self.everybody_holds_what_the_model_says()

    @rule(name=name_of, kind=gate_of)
    def turns_out_an_author(self, name: str, kind: str) -> None:
        self.asked[kind].barred.add(name)
        self.judge(kind)

    # time and content

    @rule(kind=gate_of)
    def judge(self, kind: str) -> None:
        """What the sweep does every two seconds."""
        asked, gate = self.asked[kind], self.gates[kind]
        gates.re_judge(gate.pk, barred=self.bars(asked.barred))
        if asked.ended:
            return
        kept = [go for go in asked.goes if self.model.counts(asked, go.name, go.role, self.now)]
        asked.decided = asked.decided and kept == asked.goes
        asked.goes = kept
        if asked.is_late(self.now):
            asked.end()
            return
        found = Gate.objects.get(pk=gate.pk)
        assert bool(found.stuck_reason) == (
            not asked.met() and self.model.is_stuck(asked, self.beside(kind), self.now)
        )
        assert bool(tightened(found)) == (kind == "production" and self.force.asks_more_than(asked))

    @rule(hours=st.integers(1, 5))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        clock.advance(timedelta(hours=hours))
        self.everybody_holds_what_the_model_says()

    @rule(kind=gate_of)
    def edit(self, kind: str) -> None:
        """The content changed, or it is asked again: every signature resets."""
        gates.void(self.gates[kind].pk, reason="The content changed.", actor=SETUP)
        self.open(kind)

    # rules

    @rule(rules=some_rules, by_eve=st.booleans())
    def change_policy(self, rules: Rules, by_eve: bool) -> None:
        same = rules in (self.force, self.proposed)
        fine = same or self.can_be_met_whole(rules)
        who = self.actor("eve") if by_eve else SETUP
        assert self.outcome(lambda: propose(document(rules), actor=who)) == (None if fine else "PolicyNotMet")
        if fine and rules == self.force:
            self.proposed = self.guard = None
        elif fine and not same:
            self.proposed, self.guard = rules, Asked(GUARD, None, {"eve"} if by_eve else set())
        self.policy_in_force_is_the_signed_one()

    def can_be_met_whole(self, rules: Rules) -> bool:
        """Every rule of the document, those for emergencies that it leaves to the default included."""
        return all(self.model.can_be_met(rule) for rule in (rules, ACCEPTANCE, GUARD, EMERGENCIES))

    @precondition(lambda self: self.proposed is not None)
    @rule(name=name_of, pick=some_pick, veto=seldom)
    def agree_to_policy(self, name: str, pick: int, veto: bool) -> None:
        role = self.a_role_of(name, pick)
        waiting, who = pending(), self.actor(name)
        assert waiting is not None
        assert self.guard is not None
        expected = self.model.why_not(self.guard, [], name, role, self.now)
        if not self.model.held(name, self.now):
            expected = "NotAllowed"
        answer = "no_go" if veto else "go"
        assert expected == self.outcome(
            lambda: sign_policy(actor=who, role=role, answer=answer, remark="x", seal=waiting.digest)
        )
        if expected is None and veto:
            self.proposed = self.guard = None
        elif expected is None:
            self.guard.goes.append(self.go(self.guard, name, role))
            self.after_policy()

    @rule()
    def sweep_policy(self) -> None:
        settle_proposal()
        self.after_policy()

    def after_policy(self) -> None:
        if self.proposed is not None and self.guard is not None:
            self.lead_policy_on(self.proposed, self.guard)
        self.policy_in_force_is_the_signed_one()

    def lead_policy_on(self, proposed: Rules, guard: Asked) -> None:
        guard.goes = [go for go in guard.goes if self.model.counts(guard, go.name, go.role, self.now)]
        if guard.met() and self.can_be_met_whole(proposed):
            self.force, self.proposed, self.guard = proposed, None, None
            self.version += 1

    def policy_in_force_is_the_signed_one(self) -> None:
        assert in_force().number == self.version == PolicyVersion.objects.count()
        assert (pending() is not None) == (self.proposed is not None)

    @invariant()
    def both_agree_and_approved_means_met(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(GATES_NOW, [[gate.pk for gate in self.gates.values()]])
            found = cursor.fetchall()
        for kind, state, decided, uses in found:
            asked = self.asked[kind]
            assert (state not in LIVE) == asked.ended
            assert decided == asked.decided
            assert asked.ended or (state == GateState.SATISFIED) == asked.met()
            assert not asked.decided or (asked.met() and not asked.ended)
            assert uses == self.uses

    @invariant()
    def nobody_starts_what_they_alone_signed(self) -> None:
        if not self.gates or not self.asked["production"].decided:
            return
        gate, asked = Gate.objects.get(pk=self.gates["production"].pk), self.asked["production"]
        for name in NAMES:
            alone = {go.name for go in asked.goes} == {name} and "starter_is_only_signer" not in asked.allows
            assert (may_start(gate, self.people[name].actor_id, name) is not None) == alone
