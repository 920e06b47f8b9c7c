"""Submitting, signing, withdrawing: what is missing, who may not, what a veto does."""

from __future__ import annotations

import pytest

from accounts.services.people import add_source_login
from approvals.errors import GateNotFound, MayNotSign
from approvals.models import SignOff
from releases.errors import NotReady, WrongReleaseState, WrongSeal
from releases.services import signing
from releases.services.edit import patch, put_component
from releases.services.items import record_result
from releases.services.submit import submit
from releases.states import ReleaseState
from tests import cast
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def test_submit_names_everything_that_is_missing_and_who_can_supply_it() -> None:
    release = world.staged(authors=[{"login": "stranger"}])
    with pytest.raises(NotReady) as error:
        submit(release.version, actor=actor("rita"))
    assert {b.code for b in error.value.blockers} == {"authors", "checklist", "validations"}
    assert all(b.who for b in error.value.blockers)
    assert "stranger on github.com" in error.value.detail


def test_author_may_not_sign_own_release() -> None:
    release = world.in_review(authors=[{"login": "quinn-gh"}])
    with pytest.raises(MayNotSign, match="author"):
        world.sign(release, "quinn")


def test_veto_rejects_the_release() -> None:
    release = world.in_review()
    world.sign(release, "sasha", answer="no_go", remark="Open CVE.")
    rejected = world.again(release)
    assert rejected.status == ReleaseState.REJECTED
    assert "Open CVE." in rejected.closing_reason


def test_wrong_seal_is_refused() -> None:
    release = world.in_review()
    with pytest.raises(WrongSeal):
        signing.sign(release.version, actor=actor("rita"), role="release_manager", answer="go", seal="0" * 64)
    assert not SignOff.objects.exists()


def test_nobody_signs_a_draft() -> None:
    release = world.draft()
    with pytest.raises(WrongReleaseState):
        world.sign(release, "rita")


def test_go_is_refused_while_a_validation_failed_but_a_veto_is_not() -> None:
    release = world.in_review()
    record_result(release.version, "validation", "load", actor=actor("quinn"), result="fail", remark="slow")
    with pytest.raises(NotReady, match="Under load"):
        world.sign(release, "rita")
    world.sign(release, "rita", answer="no_go", remark="slow")
    assert world.again(release).status == ReleaseState.REJECTED


def test_withdrawn_signature_leads_an_approved_release_back() -> None:
    release = world.approved()
    mine = SignOff.objects.get(person__username="quinn")
    signing.withdraw(release.version, mine.pk, actor=actor("quinn"), reason="I missed a test.")
    assert world.again(release).status == ReleaseState.REVIEW


def test_signature_of_another_release_cannot_be_withdrawn_through_this_one() -> None:
    world.in_review()
    other = world.in_review("2026.11.1", components=world.whole("b"))
    world.sign(other, "rita")
    with pytest.raises(GateNotFound):
        signing.withdraw("2026.11.0", SignOff.objects.get().pk, actor=actor("rita"), reason="x")


def test_irreversible_migration_demands_a_forward_fix_plan() -> None:
    entry = {"artifact": world.digest("a"), "migration": {"class": "irreversible", "hash": "m1"}}
    release = world.staged(components={**world.whole(), "records": entry})
    world.record_all(release)
    with pytest.raises(NotReady, match="cannot be undone"):
        submit(release.version, actor=actor("rita"))
    patch(release.version, actor=actor("rita"), changes={"forward_fix_plan": "Restore the column."})
    assert submit(release.version, actor=actor("rita")).plan["irreversible"] is True


def test_content_that_was_rolled_back_is_not_signed_again() -> None:
    first = world.rolled_back()
    assert world.blockers(first, "sign") >= {"state"}
    from releases.services import follow_up, lessons

    lessons.record(first.version, actor=actor("rita"), cause="c", lessons="l", actions=["a"])
    second = follow_up.follow_up(first.version, actor=actor("rita"), new_version="2026.11.1")
    assert "rolled_back_before" in world.blockers(second, "sign")
    put_component(second.version, "web", actor=actor("dana"), entry={"artifact": world.digest("e")})
    assert "rolled_back_before" not in world.blockers(second, "sign")


def test_author_is_known_as_soon_as_somebody_carries_the_login() -> None:
    release = world.staged(authors=[{"login": "stranger"}])
    world.record_all(release)
    assert world.blockers(release, "sign") >= {"authors"}
    add_source_login(cast.user("quinn"), host="github.com", login="stranger", actor=cast.SETUP)
    assert "authors" not in world.blockers(release, "sign")
    submitted = submit(release.version, actor=actor("rita"))
    assert list(submitted.gate.barred) == [actor("quinn").id]
