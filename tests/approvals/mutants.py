"""The product with one guard left out, to see that the machine of `test_any_sequence` notices.

A mutant is a few words of one function, replaced while the block runs; a guard that the database holds as
well is taken out there too. The list names words of the product: a mutant that no longer fits is an error.
"""

from __future__ import annotations

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, NamedTuple

from django.db import connection

NO_ANSWER_GUARD = "ALTER TABLE approvals_signoff DISABLE TRIGGER approvals_signoff_guard"
NO_UNIQUE_ANSWER = "DROP INDEX signoff_one_per_person_and_role"
NO_UNIQUE_VOICE = "DROP INDEX signoff_one_per_principal_and_role"
LIVE_RULE = (
    '__import__("approvals.queries", fromlist=["x"]).rule_now(self.kind, self.environment, self.release_kind)'
)


class Mutant(NamedTuple):
    """`old` becomes `new` in the function at `where` ("module:function" or "module:Class.method")."""

    name: str
    where: str
    old: str
    new: str
    sql: tuple[str, ...] = ()


SIGNING, DECIDING = "approvals.services.signing", "approvals.services.deciding"
GATES, PROPOSALS = "approvals.services.gates", "approvals.services.proposals"
POLICY, GATE, DEPUTY = "approvals.policy", "approvals.models.gates:Gate", "accounts.models:Deputy.standing"

MUTANTS = (
    # who signs
    Mutant("an author signs", f"{POLICY}:why_barred", "actor.id in gate.barred", "False"),
    Mutant("whoever never signs signs", "approvals.rules:may_ever_sign", 'barred == f"@{name}"', "False"),
    Mutant("a role need not be held", f"{POLICY}:may_sign_here", "role not in actor.roles", "False"),
    Mutant("roles as the session began", f"{SIGNING}:_as_of_now", "actor.user is None", "True"),
    Mutant("no role at all is needed", f"{POLICY}:may", "not actor.roles & rule.roles", "False"),
    Mutant("an account that is off", "accounts.models:User.standing_roles", "not self.is_active", "False"),
    Mutant("no second factor", "accounts.services.factors:_is_fresh", "proof.at is None", "False"),
    Mutant("twice at a gate", f"{POLICY}:may_sign_here", "if earlier:", "if False:",
           (NO_ANSWER_GUARD, NO_UNIQUE_ANSWER, NO_UNIQUE_VOICE)),
    Mutant("two roles at two gates", f"{POLICY}:signed_otherwise", "other.role != role", "False",
           (NO_ANSWER_GUARD,)),
    Mutant("a deputy beside their principal", f"{POLICY}:voices", "voice not in given", "True",
           (NO_UNIQUE_VOICE,)),
    Mutant("who signed elsewhere is free", "approvals.queries.standing:_voices_by_role",
           "signed_otherwise(gate, person, role) is None", "True"),
    Mutant("a deputy fills another place", "approvals.queries.standing:_voices_by_role",
           "person.lent.get(role, (person.user.pk,))", "(person.user.pk,)"),
    Mutant("who can is told without other gates", f"{POLICY}:may_sign",
           " or signed_otherwise(gate, actor, role)", ""),
    # deputies
    Mutant("a deputy for ever", DEPUTY, "until__gt=now, ", ""),
    Mutant("a deputy who was ended", DEPUTY, ", ended_at=None", ""),
    Mutant("a deputy of a role that is gone", DEPUTY, "Exists(held), ", ""),
    Mutant("a deputy of an account that is off", DEPUTY, ", principal__is_active=True", ""),
    # about what, and until when
    Mutant("any seal will do", "approvals.services.locking:demand_seal", "seal != gate.seal", "False"),
    Mutant("no gate is overdue", f"{GATE}.is_overdue", "self.expires_at <= clock.now()", "False"),
    Mutant("the sweep closes no gate", f"{GATES}:_expire_if_due", "gate.expires_at > clock.now()", "True"),
    Mutant("a closed gate takes answers", f"{POLICY}:may_sign_here", "not gate.is_live", "False",
           (NO_ANSWER_GUARD,)),
    # how many, under which rule
    Mutant("one of a role is enough", f"{GATE}.is_met", ">= r.count", ">= 1"),
    Mutant("the counts in force now", f"{GATE}.is_met", "self.requirements.all()", f"{LIVE_RULE}.signatures"),
    Mutant("who never signs by now", f"{GATE}.never_sign", 'self.rule.get("never_sign", ())',
           f"{LIVE_RULE}.never_sign"),
    Mutant("exceptions in force now", f"{GATE}.exceptions", 'self.rule.get("exceptions", {})',
           f"{LIVE_RULE}.exceptions"),
    Mutant("an author's exception is not counted", f"{SIGNING}:_count_exceptions",
           "signoff.person.actor_id in gate.barred", "False"),
    Mutant("two roles are not counted", f"{SIGNING}:_count_exceptions",
           '"one_person_two_roles" in gate.exceptions', "False"),
    Mutant("the only signer starts", f"{POLICY}:may_start", "not is_only_signer(gate, actor_id)", "True"),
    # judged again when used
    Mutant("no signer is judged at the go", f"{DECIDING}:_demand_signers_stand", "if lost:", "if False:"),
    Mutant("the sweep judges nobody", f"{GATES}:_judge", "sentence is None", "True"),
    Mutant("a lost role does not matter", f"{POLICY}:why_invalid", "role not in signer.roles", "False"),
    Mutant("who turned out to be an author", f"{POLICY}:why_invalid", "barred is not None", "False"),
    # the go
    Mutant("anybody decides", f"{DECIDING}:require_may_decide",
           "    require(actor, Action.DECIDE)", "    pass"),
    Mutant("an author decides", f"{DECIDING}:_demand_go", "actor.id in gate.barred", "False"),
    Mutant("a go without signatures", f"{DECIDING}:_demand_go", "if blockers:", "if False:"),
    Mutant("a go that comes too late", f"{DECIDING}:_demand_go", "gate.is_overdue", "False"),
    Mutant("a closed gate is decided", f"{DECIDING}:decide", "not gate.is_live", "False"),
    Mutant("a go outlives a withdrawal", f"{SIGNING}:withdraw", "if not gate.is_met:", "if False:"),
    Mutant("a go outlives its signer", f"{GATES}:re_judge",
           'end_go(gate, POLICY.id, " ".join(lost))', "pass"),
    Mutant("a go outlives its content", f"{GATES}:void", "end_go(gate, actor.id, reason)", "pass"),
    Mutant("a go outlives its time", f"{GATES}:_expire_if_due",
           "end_go(gate, POLICY.id, gate.closing_reason)", "pass"),
    Mutant("a go outlives a veto", "approvals.services.locking:reject",
           "end_go(gate, actor_id, reason)", "pass"),
    Mutant("a postponed go stands", f"{DECIDING}:decide",
           'end_go(gate, actor.id, f"{actor.label} postponed: {text}")', "pass"),
    # taking back
    Mutant("withdrawn by another", f"{SIGNING}:_demand_may_withdraw",
           "signoff.person_id != actor.user.pk", "False"),
    Mutant("withdrawn from a closed gate", f"{SIGNING}:_demand_may_withdraw", "not gate.is_live", "False"),
    Mutant("withdrawn yet satisfied", f"{SIGNING}:withdraw",
           "    settle(gate, actor.id)\n    return", "    return"),
    # rules
    Mutant("a policy nobody signed", f"{PROPOSALS}:_settle", "gate.status == GateState.SATISFIED", "True"),
    Mutant("a policy whose signer left", f"{PROPOSALS}:sign_policy",
           "gates.re_judge(proposal.gate_id)", "pass"),
    Mutant("a policy that nobody can meet", f"{PROPOSALS}:_read", "if unmet:", "if False:"),
    Mutant("nobody can meet it any more", f"{PROPOSALS}:_settle",
           "not policy_document.unmeetable(proposal.document, present())", "True"),
    Mutant("who proposes signs", f"{PROPOSALS}:_open", "actor.is_person", "False"),
    Mutant("deputies count for a rule", "approvals.queries.people:present", "    return {login",
           '    for lent in Deputy.standing().select_related("deputy"):\n'
           "        roles[lent.deputy.username].add(Role(lent.role))\n"
           "    return {login"),
    Mutant("one person in two roles is two", "approvals.rules:can_meet", "if two_roles:", "if True:"),
    Mutant("a stuck gate is not flagged", f"{GATES}:look_whether_it_can_be_met", "unmeetable(gate)", '""'),
    Mutant("who has signed is free again", "approvals.queries.standing:unmeetable",
           "people | signed", "people"),
    Mutant("higher counts are not shown", "approvals.queries.versions:tightened",
           "one.count > asked.get(one.role, 0)", "one.role not in asked"),
)  # fmt: skip


@contextmanager
def put_in(mutant: Mutant) -> Iterator[None]:
    """The product with this mutant; SQL is undone by the caller's transaction."""
    function = _function(mutant.where)
    kept = function.__code__
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(mutant.old) >= 1, f"{mutant.name}: {mutant.where} does not say {mutant.old!r}"
    scope: dict[str, Any] = dict(function.__globals__)
    exec(compile(source.replace(mutant.old, mutant.new, 1), mutant.where, "exec"), scope)
    function.__code__ = _plain(scope[function.__name__]).__code__
    try:
        with connection.cursor() as cursor:
            for statement in mutant.sql:
                cursor.execute(statement)
        yield
    finally:
        function.__code__ = kept


def _function(where: str) -> FunctionType:
    module, _, path = where.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = inspect.getattr_static(found, part) if isinstance(found, type) else getattr(found, part)
    return _plain(found)


def _plain(found: Any) -> FunctionType:
    """The function below a property, a class method or decorators."""
    found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    function = inspect.unwrap(found)
    assert isinstance(function, FunctionType)
    return function
