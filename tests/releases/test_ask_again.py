"""A policy that was tightened meanwhile is shown, and the gate can be asked again under it."""

from __future__ import annotations

import pytest

from approvals.states import GateState
from events.errors import NotAllowed
from releases.errors import NothingToAsk
from releases.models import Release
from releases.queries.moments import readiness
from releases.services.ask_again import ask_again
from releases.states import ReleaseState
from tests.approvals.policies import agree, load, rule
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
RM, QA, SEC = "release_manager", "qa_lead", "security_officer"


def tighten() -> None:
    """From two roles to three, signed under the rules before."""
    load(rule("production", RM, QA, SEC))
    agree("rita", "sasha")


def policy_fact(release: Release) -> tuple[str, str]:
    fact = readiness(world.again(release), "go").fact("policy")
    return (fact.verdict, fact.sentence) if fact else ("", "")


def test_tightened_policy_is_shown_and_asked_again_in_a_new_round() -> None:
    load(rule("production", RM, QA))
    release = world.in_review()
    world.sign(release, "quinn")
    assert policy_fact(release)[0] != "watch"
    with pytest.raises(NothingToAsk, match="asks under version 1"):
        ask_again(release.version, actor=actor("rita"))
    tighten()
    verdict, sentence = policy_fact(release)
    assert (verdict, "1 × Security Officer" in sentence) == ("watch", True)
    asked = ask_again(release.version, actor=actor("rita"))
    gate = asked.gate
    assert (gate.round, gate.policy_version, gate.seal) == (2, 2, release.seal)
    assert [r.role for r in gate.requirements.all()] == [RM, QA, SEC]
    assert gate.standing_signoffs == []
    earlier = release.gate
    earlier = type(earlier).objects.get(pk=earlier.pk)
    assert (earlier.status, earlier.signoffs.count()) == (GateState.VOID, 1)


def test_approved_release_that_is_asked_again_goes_back_to_review_without_its_go() -> None:
    load(rule("production", RM, QA))
    release = world.approved()
    tighten()
    assert world.again(release).status == ReleaseState.APPROVED  # nothing is taken away by itself
    with pytest.raises(NotAllowed):
        ask_again(release.version, actor=actor("dana"))
    asked = ask_again(release.version, actor=actor("rita"))
    assert (asked.status, asked.gate.decisions.count()) == (ReleaseState.REVIEW, 0)
