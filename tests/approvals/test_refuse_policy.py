"""Policies that cannot be: each refused whole with its sentence, nothing changed."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.services.people import set_active
from approvals.errors import PolicyNotMet
from approvals.models import PolicyProposal, PolicyVersion
from approvals.policy_document import faults_of
from approvals.rules import RELEASE_KINDS
from events.errors import Invalid
from releases.states import Kind
from tests.approvals.policies import load, rule, section
from tests.cast import SETUP, make_cast, user

RM = "release_manager"


@pytest.mark.parametrize(
    ("rules", "path", "says"),
    [
        (
            [rule("a", RM, like="b"), rule("b", RM, like="c"), rule("c", RM, like="a")],
            "rules[0].like",
            "in a circle: a → b → c → a",
        ),
        ([rule("a", RM, like="a")], "rules[0].like", "in a circle: a → a"),
        ([rule("a", RM, like="nobody")], "rules[0].like", "no rule “nobody”"),
        ([rule("a", "wizard")], "rules[0].signatures[0].role", "“wizard” is no role"),
        ([rule("a", "administrator")], "rules[0].signatures[0].role", "signs nothing"),
        ([rule("a", (RM, 0))], "rules[0].signatures[0].count", "0 signatures of a role is no question"),
        ([rule("a", (RM, -1))], "rules[0].signatures[0].count", "-1 signatures"),
        ([rule("a", RM, RM)], "rules[0].signatures[1].role", "asked twice"),
        ([rule("a")], "rules[0].signatures", "asks nobody"),
        ([rule("a", RM, expires_after_seconds=-5)], "rules[0].expires_after_seconds", "-5 seconds"),
        ([rule("a", RM, expires_after_seconds=0)], "rules[0].expires_after_seconds", "no time to sign"),
        ([rule("a", RM), rule("a", RM)], "rules[1].name", "stands at rules[0] already"),
        ([rule("a", RM), rule("b", RM)], "rules[1]", "same gate, environment and kind"),
        ([rule("a", RM, release_kinds=["huge"])], "rules[0].release_kinds[0]", "no kind of release"),
        ([rule("a", RM, release_kinds=["major"])], "rules", "asks anybody about a security release"),
        ([rule("a", RM, never_sign=["wizard"])], "rules[0].never_sign[0]", "a person is written @login"),
        (
            [rule("a", RM, exceptions=[{"allow": "anything", "reason": "x"}])],
            "rules[0].exceptions[0].allow",
            "One of author_signs",
        ),
        (
            [rule("a", RM, exceptions=[{"allow": "author_signs", "reason": " "}])],
            "rules[0].exceptions[0].reason",
            "says why",
        ),
        (
            [rule("a", RM, owed={"within_seconds": 60, "signatures": []})],
            "rules[0].owed.signatures",
            "Nothing is owed",
        ),
        (
            [rule("a", RM, owed={"within_seconds": -1, "signatures": [{"role": RM, "meaning": "x"}]})],
            "rules[0].owed.within_seconds",
            "-1 seconds",
        ),
    ],
)
def test_fault_has_its_path_and_sentence(rules: list[dict[str, Any]], path: str, says: str) -> None:
    found = dict(faults_of(section(*rules)))
    assert says in found[path]


def test_kinds_of_release_are_those_of_releases() -> None:
    assert set(RELEASE_KINDS) == set(Kind.values)


@pytest.mark.django_db
def test_refused_policy_changes_nothing() -> None:
    make_cast()
    with pytest.raises(Invalid, match="in a circle") as refused:
        load(rule("a", RM, like="a"))
    assert list(refused.value.fields) == ["approval_policy.rules[0].like"]
    assert not PolicyVersion.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ([(RM, 2)], "asks 2 × Release Manager, and only rita may give it"),
        (
            ["stakeholder", "developer", "support", "qa_lead", ("devops_engineer", 2)],
            "only devon may give it",
        ),
    ],
)
def test_more_signatures_than_people_are_refused(asked: list[Any], says: str) -> None:
    make_cast()
    with pytest.raises(PolicyNotMet, match=says):
        load(rule("production", *asked))
    assert not PolicyVersion.objects.exists()
    assert not PolicyProposal.objects.exists()


@pytest.mark.django_db
def test_one_person_in_two_roles_is_not_two_people() -> None:
    make_cast()
    user("rita").holdings.create(role="qa_lead", since="2026-01-01T00:00Z", given_by="test")
    set_active(user("quinn"), active=False, actor=SETUP)
    with pytest.raises(PolicyNotMet, match="each person signs in one role only: rita are too few"):
        load(rule("production", RM, "qa_lead"))
    reason = "Three people until spring."
    load(rule("production", RM, "qa_lead", exceptions=[{"allow": "one_person_two_roles", "reason": reason}]))


@pytest.mark.django_db
def test_person_who_may_never_sign_does_not_count_towards_meeting_a_rule() -> None:
    make_cast()
    with pytest.raises(PolicyNotMet, match="nobody may give it"):
        load(rule("production", RM, never_sign=["@rita"]))
    with pytest.raises(PolicyNotMet, match="nobody may give it"):
        load(rule("production", RM, never_sign=[RM]))
