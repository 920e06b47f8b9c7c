"""Broken glass, owed signatures and late entries, from the release's side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from approvals.errors import AlreadySigned, MayNotSign, NothingOwed
from approvals.models import BreakGlass, Review, SignedAct
from approvals.services import reviews
from approvals.services.reviews import remind
from approvals.services.signatures import faults
from approvals.services.signing import sign
from approvals.states import GateState
from events import canonical, clock
from events.errors import Invalid, NotAllowed
from events.models import Event
from releases import queries
from releases.errors import NotReady, WrongReleaseState, WrongSeal
from releases.models import Release
from releases.services import cancel, deciding, emergency, lessons, signing, starting
from releases.states import ReleaseState
from tests import cast
from tests.cast import actor
from tests.events.tampering import as_superuser
from tests.releases import world
from tests.releases.begin import Begun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def broken(version: str = "2026.11.0", by: str = "rita", **named: object) -> Release:
    """A release in review whose glass is broken."""
    release = world.in_review(version, **named)
    emergency.break_glass(version, actor=actor(by), reason="Patients cannot log in.", seal=release.seal)
    return world.again(release)


def review_of(release: Release) -> Review:
    return Review.objects.get(of=release.gate_id)


def started(release: Release, by: str = "rita") -> Release:
    """With one signature, a window, a go and a start."""
    world.sign(release, by)
    world.open_window(release)
    deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal)
    world.brief(release)
    starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
    return world.again(release)


def vetoed(release: Release) -> Review:
    """Its review, which quinn answered with a no-go."""
    gate = review_of(release).gate
    sign(gate.pk, actor=actor("quinn"), role="qa_lead", answer="no_go", remark="Untested.", seal=gate.seal)
    return review_of(release)


def glass_act() -> SignedAct:
    return SignedAct.objects.get(act="break-glass")


@pytest.mark.parametrize("kind", ["feature", "bugfix", "major", "security"])
def test_release_of_any_kind_runs_with_one_signature(kind: str) -> None:
    release = started(broken(kind=kind), by="sasha")
    assert release.status == ReleaseState.DEPLOYING
    said = Event.objects.get(stream=release.stream, kind="release.deploying").data
    assert said["break_glass"]["reason"] == "Patients cannot log in."
    assert said["owed_review"]["gate"] == review_of(release).gate_id


def test_signature_given_before_the_glass_is_broken_counts() -> None:
    release = world.in_review()
    world.sign(release, "quinn")
    emergency.break_glass(release.version, actor=actor("rita"), reason="Outage.", seal=release.seal)
    assert world.again(release).gate.status == GateState.SATISFIED


def test_whoever_broke_the_glass_reviews_nothing() -> None:
    release = broken(by="sasha")
    gate = review_of(release).gate
    assert cast.user("sasha").actor_id in gate.barred


def test_glass_is_broken_once_with_a_reason_by_a_named_role_about_this_seal() -> None:
    release = world.in_review()
    for name in ("devon", "quinn", "dana", "adam", "otto"):
        with pytest.raises(NotAllowed):
            emergency.break_glass(release.version, actor=actor(name), reason="Now", seal=release.seal)
    with pytest.raises(Invalid, match="reason"):
        emergency.break_glass(release.version, actor=actor("rita"), reason=" ", seal=release.seal)
    with pytest.raises(WrongSeal):
        emergency.break_glass(release.version, actor=actor("rita"), reason="Now", seal="0" * 64)
    assert not BreakGlass.objects.exists()
    emergency.break_glass(release.version, actor=actor("rita"), reason="Now", seal=release.seal)
    with pytest.raises(AlreadySigned):
        emergency.break_glass(release.version, actor=actor("sasha"), reason="Now", seal=release.seal)


def test_author_breaks_no_glass_of_their_own_release() -> None:
    release = world.in_review(authors=[*world.DANA, {"host": "github.com", "login": "rita-gh"}])
    with pytest.raises(MayNotSign):
        emergency.break_glass(release.version, actor=actor("rita"), reason="Now", seal=release.seal)


def test_complete_gate_needs_no_broken_glass() -> None:
    release = world.in_review()
    world.sign(release)
    with pytest.raises(NothingOwed):
        emergency.break_glass(release.version, actor=actor("rita"), reason="Now", seal=release.seal)


def test_draft_has_no_glass_to_break() -> None:
    with pytest.raises(WrongReleaseState):
        emergency.break_glass(world.draft().version, actor=actor("rita"), reason="Now", seal="")


def test_who_broke_the_glass_may_say_go_and_nothing_else() -> None:
    release = broken(by="sasha")
    world.sign(release, "quinn")
    world.open_window(release)
    with pytest.raises(NotAllowed):
        deciding.decide(release.version, actor=actor("sasha"), answer="no_go", reason="x", seal=release.seal)
    deciding.decide(release.version, actor=actor("sasha"), answer="go", seal=release.seal)
    assert world.again(release).status == ReleaseState.APPROVED


class TestStarted(Begun):
    """What is owed of a release that went out with one signature."""

    begin = staticmethod(lambda: started(broken()))

    def test_signed_review_blocks_nothing(self, release: Release) -> None:
        gate = review_of(release).gate
        for name in ("quinn", "sasha"):
            sign(gate.pk, actor=actor(name), role=world.ROLES[name], answer="go", remark="", seal=gate.seal)
        ordinary = world.in_review("2026.12.0")
        with clock.at(clock.now() + timedelta(days=3)):
            assert "reviews" not in world.blockers(ordinary, "go")

    def test_review_that_said_no_go_blocks_at_once_until_somebody_has_named_what_follows(
        self, release: Release
    ) -> None:
        ordinary = world.in_review("2026.12.0")
        review = vetoed(release)
        assert "reviews" in world.blockers(ordinary, "go")
        fact = queries.readiness(ordinary, "go").fact("reviews")
        assert "said no-go, and nobody has named what follows" in fact.sentence
        assert fact.who == "a Release Manager or a Security Officer"
        reviews.follow_up(
            review.pk, actor=actor("sasha"), text="Quinn tests it by Friday; 2026.12.1 mends it."
        )
        with clock.at(clock.now() + timedelta(days=9)):
            assert "reviews" not in world.blockers(ordinary, "go")
        act = Review.objects.get(pk=review.pk).follow_up_act
        assert act is not None
        assert canonical.loads(act.text)["reason"] == "Quinn tests it by Friday; 2026.12.1 mends it."

    @pytest.mark.parametrize(
        ("name", "text", "error", "says"),
        [
            ("quinn", "We test it.", NotAllowed, "a Release Manager or a Security Officer can"),
            ("rita", "We test it.", MayNotSign, "they broke the glass themselves"),
            ("sasha", "  ", Invalid, "Say what follows"),
        ],
    )
    def test_who_names_what_follows_and_how(
        self, release: Release, name: str, text: str, error: type[Exception], says: str
    ) -> None:
        review = vetoed(release)
        with pytest.raises(error, match=says):
            reviews.follow_up(review.pk, actor=actor(name), text=text)
        assert Review.objects.get(pk=review.pk).is_vetoed

    def test_what_follows_is_named_once_and_only_of_a_no_go(self, release: Release) -> None:
        review = review_of(release)
        with pytest.raises(NothingOwed):
            reviews.follow_up(review.pk, actor=actor("sasha"), text="Nothing.")
        with pytest.raises(DatabaseError, match="only of a review that said no-go"), transaction.atomic():
            Review.objects.update(follow_up="By SQL.")
        vetoed(release)
        reviews.follow_up(review.pk, actor=actor("sasha"), text="We go back.")
        with pytest.raises(NothingOwed):
            reviews.follow_up(review.pk, actor=actor("sasha"), text="We stay.")
        with pytest.raises(DatabaseError, match="named once"), transaction.atomic():
            Review.objects.update(follow_up="By SQL.")

    def test_late_review_blocks_the_next_ordinary_release_and_no_security_release(
        self, release: Release
    ) -> None:
        ordinary, urgent = world.in_review("2026.12.0"), world.in_review("2026.12.1", kind="security")
        assert "reviews" not in world.blockers(ordinary, "go")
        with clock.at(clock.now() + timedelta(hours=48, seconds=1)):
            assert "reviews" in world.blockers(ordinary, "go")
            assert "reviews" in world.blockers(ordinary, "start")
            assert "reviews" not in world.blockers(urgent, "start")
            fact = queries.readiness(ordinary, "go").fact("reviews")
            assert "@quinn" in fact.who
            assert "@sasha" in fact.who
            emergency.break_glass(
                ordinary.version, actor=actor("rita"), reason="Another outage.", seal=ordinary.seal
            )
            assert "reviews" not in world.blockers(ordinary, "start")
        assert release.status == ReleaseState.DEPLOYING


def test_lessons_of_its_release_are_what_follows_a_no_go() -> None:
    release = world.rolled_back()
    entry = emergency.record_late(release.version, actor=actor("devon"), reason="Down.", at=clock.now())
    review = Review.objects.get()
    gate = review.gate
    sign(gate.pk, actor=actor("quinn"), role="qa_lead", answer="no_go", remark="Untested.", seal=gate.seal)
    lessons.record(release.version, actor=actor("devon"), cause="A full disk.", lessons="Watch it.")
    assert entry.late_entry
    assert not Review.objects.get(pk=review.pk).is_vetoed
    assert Event.objects.filter(kind="review.followed_up").exists()


def test_expedited_security_release_owes_the_missing_signatures_from_its_start() -> None:
    release = world.in_review(kind="security")
    world.sign(release, "rita", "sasha")
    assert world.again(release).gate.status == GateState.SATISFIED
    assert not Review.objects.exists()
    world.open_window(release)
    deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal)
    world.brief(release)
    starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
    review = review_of(world.again(release))
    assert (review.cause, review.due_at - review.gate.opened_at) == ("expedited", timedelta(hours=48))
    assert [row.role for row in review.gate.requirements.all()] == ["qa_lead"]
    ordinary = world.in_review("2026.12.0")
    with clock.at(clock.now() + timedelta(hours=49)):
        assert "reviews" in world.blockers(ordinary, "go")


def test_late_entry_keeps_the_true_time_and_its_mark_and_is_reviewed() -> None:
    release = world.draft()
    before = clock.now() - timedelta(hours=5)
    entry = emergency.record_late(release.version, actor=actor("devon"), reason="Portal was down.", at=before)
    assert (entry.late_entry, entry.at, entry.recorded_at > before) == (True, before, True)
    event = Event.objects.get(kind="glass.late_entry")
    assert event.after["at"] == before.isoformat()
    assert Review.objects.get().cause == "late_entry"
    assert world.again(release).status == ReleaseState.DRAFT


@pytest.mark.parametrize("hours", [1, -24 * 400])
def test_late_entry_of_a_time_that_cannot_be_is_refused(hours: int) -> None:
    with pytest.raises(Invalid):
        emergency.record_late(
            world.draft().version,
            actor=actor("devon"),
            reason="Portal was down.",
            at=clock.now() + timedelta(hours=hours),
        )


class TestBroken(Begun):
    """What a release in review is with broken glass."""

    begin = staticmethod(broken)

    def test_broken_glass_without_any_signature_lets_nothing_pass(self, release: Release) -> None:
        world.open_window(release)
        with pytest.raises(NotReady, match="Release Manager"):
            deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal)

    def test_withdrawn_only_signature_asks_again(self, release: Release) -> None:
        world.sign(release, "quinn")
        given = world.again(release).gate.signoffs.get()
        signing.withdraw(release.version, given.pk, actor=actor("quinn"), reason="I was too quick.")
        assert world.again(release).gate.status == GateState.OPEN

    def test_veto_stops_it_all_the_same(self, release: Release) -> None:
        world.sign(release, "sasha", answer="no_go", remark="It leaks.")
        assert world.again(release).status == ReleaseState.REJECTED

    def test_everybody_passed_over_is_asked_within_48_hours(self, release: Release) -> None:
        review = review_of(release)
        assert [row.role for row in review.gate.requirements.all()] == ["qa_lead", "security_officer"]
        assert review.due_at - review.gate.opened_at == timedelta(hours=48)

    def test_glass_late_entry_override_and_lifting_are_signed_with_meaning_scope_reason_and_factor(
        self, release: Release
    ) -> None:
        emergency.record_late(
            release.version, actor=actor("devon"), reason="Portal was down.", at=clock.now()
        )
        said = {act.act: canonical.loads(act.text) for act in SignedAct.objects.all()}
        glass = said["break-glass"]
        assert glass["signer"]["login"] == "rita"
        assert glass["meaning"].startswith("broke the glass: one signature is enough")
        assert (glass["role"], glass["seal"]) == ("release_manager", release.seal)
        assert glass["reason"] == "Patients cannot log in."
        assert 1 <= glass["factor_age_seconds"] < 60
        assert [one["role"] for one in glass["reviewed_by"]] == ["qa_lead", "security_officer"]
        assert said["late-entry"]["reason"] == "Portal was down."
        assert Event.objects.get(kind="glass.broken").data["signature"] == glass_act().signature
        assert list(faults()) == []

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("UPDATE approvals_breakglass SET reason = 'A whim.'", "for another reason than is shown"),
            ("UPDATE approvals_breakglass SET role = 'security_officer'", "for another role"),
            ("UPDATE approvals_breakglass SET seal = 'x'", "for another seal than is shown"),
            ("DELETE FROM approvals_breakglass", "whose record is gone"),
            ("DELETE FROM approvals_signedact", "was never signed by the portal's key"),
        ],
    )
    def test_broken_glass_that_was_changed_by_sql_is_found(self, statement: str, found: str) -> None:
        with transaction.atomic():
            as_superuser(statement)
            assert any(found in fault.sentence for fault in faults())
            transaction.set_rollback(True)

    def test_review_is_reminded_of_ever_louder_until_it_is_answered(self, release: Release) -> None:
        begun, told = clock.now(), []
        for hours in (1, 25, 26, 43, 49, 50, 73, 200, 300):
            with clock.at(begun + timedelta(hours=hours)):
                remind()
                told.append(Event.objects.filter(stream=release.stream, kind__startswith="review.").count())
        assert told == [0, 1, 1, 2, 3, 3, 4, 5, 5]
        late = Event.objects.filter(stream=release.stream, kind="review.late")
        assert [event.after["level"] for event in late] == [3, 4, 5]

    def test_release_that_never_ran_owes_nothing(self, release: Release) -> None:
        cancel.cancel(release.version, actor=actor("rita"), reason="Fixed by a setting.")
        assert review_of(release).gate.status == GateState.VOID

    def test_broken_glass_and_reviews_are_never_rewritten_by_sql(self, release: Release) -> None:
        for act in (
            lambda: BreakGlass.objects.update(reason="nothing"),
            lambda: BreakGlass.objects.all()._raw_delete("default"),
            lambda: Review.objects.update(due_at=clock.now() + timedelta(days=99)),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                act()
        assert review_of(release).gate.status == GateState.OPEN
