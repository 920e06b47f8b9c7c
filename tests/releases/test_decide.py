"""Go, no-go and postponement; replan and rebase."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.roles import Role
from accounts.services.roles import end_role
from approvals.models import Decision
from events import clock
from events.errors import Blocked, NotAllowed, PortalError
from releases import queries
from releases.errors import NotReady, WrongReleaseState
from releases.services import deciding, rebase, replan
from releases.services.advance import advance
from releases.states import ReleaseState
from tests import cast
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def decide(release: object, answer: str, **more: object) -> Decision:
    seal = world.again(release).seal  # type: ignore[arg-type]
    return deciding.decide(release.version, actor=actor("rita"), answer=answer, seal=seal, **more)  # type: ignore[attr-defined, arg-type]


def test_go_needs_signatures_and_window() -> None:
    release = world.in_review()
    with pytest.raises(NotReady) as error:
        decide(release, "go")
    assert {"signatures", "window"} <= {b.code for b in error.value.blockers}


def test_go_can_bring_its_window() -> None:
    release = world.in_review()
    world.sign(release)
    start = clock.now() + timedelta(hours=1)
    decide(release, "go", window={"start": start, "end": start + timedelta(hours=1), "zone": "UTC"})
    assert world.again(release).status == ReleaseState.APPROVED


def test_no_go_rejects_and_needs_a_reason() -> None:
    release = world.in_review()
    with pytest.raises(PortalError):
        decide(release, "no_go")
    decide(release, "no_go", reason="The clinic moves house.")
    assert world.again(release).status == ReleaseState.REJECTED


def test_postponed_release_is_in_review_without_window_and_keeps_its_signatures() -> None:
    release = world.approved()
    decide(release, "postpone", reason="The clinic asks for it.")
    postponed = world.again(release)
    assert (postponed.status, postponed.window_start) == (ReleaseState.REVIEW, None)
    assert postponed.gate.state == "satisfied"


def test_no_go_is_not_said_of_an_approved_release() -> None:
    release = world.approved()
    with pytest.raises(WrongReleaseState, match="postponing it leads back to review"):
        decide(release, "no_go", reason="x")


def test_signer_who_lost_the_role_stops_the_go() -> None:
    release = world.in_review()
    world.sign(release)
    world.open_window(release)
    end_role(cast.user("quinn"), Role.QA_LEAD, cast.SETUP)
    with pytest.raises(Blocked, match="quinn no longer"):
        decide(release, "go")
    assert world.again(release).gate.state == "open"


def test_signer_who_lost_the_role_leads_an_approved_release_back() -> None:
    release = world.approved()
    end_role(cast.user("sasha"), Role.SECURITY_OFFICER, cast.SETUP)
    advance(release.pk)
    assert world.again(release).status == ReleaseState.REVIEW


def faster() -> None:
    changed = world.document()["environments"]
    changed[-1]["strategy"] = {**world.STRATEGY, "bake_seconds": 5}
    world.load(environments=changed)


def test_platform_file_changes_no_frozen_plan_and_says_so() -> None:
    release = world.approved()
    faster()
    assert world.again(release).plan["bake_seconds"] == [10, 10]
    assert queries.readiness(world.again(release), "start").fact("plan").verdict == "watch"


def test_replan_asks_again_over_a_new_seal() -> None:
    release = world.approved()
    faster()
    replanned = replan.replan(release.version, actor=actor("devon"))
    assert replanned.status == ReleaseState.REVIEW
    assert replanned.seal != release.seal
    assert (replanned.gate.state, replanned.gate.round) == ("open", 2)
    assert "staging" not in world.blockers(release, "sign")


def test_replan_of_a_current_plan_changes_nothing() -> None:
    release = world.approved()
    assert replan.replan(release.version, actor=actor("devon")).revision == release.revision


def test_release_built_on_something_else_cannot_start_until_rebased() -> None:
    waiting = world.approved("2026.11.1", components=world.whole("b"))
    world.completed()
    assert {"base"} <= world.blockers(waiting)
    based = rebase.rebase("2026.11.1", actor=actor("dana"))
    assert (based.status, based.content["base"]["version"]) == (ReleaseState.DRAFT, "2026.10.0")
    assert based.content["components"]["web"]["artifact"] == world.digest("b")
    assert [a.user.handle for a in based.authors.all()] == ["dana"]


def test_rebase_copies_what_the_release_did_not_bring() -> None:
    world.draft("2026.11.1", components={"web": {"artifact": world.digest("b")}})
    world.completed()
    based = rebase.rebase("2026.11.1", actor=actor("devon"))
    assert based.content["components"]["mailer"]["artifact"] == world.digest("a")
    assert not based.authors.filter(user__username="devon").exists()


def test_qa_lead_decides_nothing() -> None:
    release = world.in_review()
    with pytest.raises(NotAllowed):
        deciding.decide(release.version, actor=actor("quinn"), answer="go", seal=release.seal)
