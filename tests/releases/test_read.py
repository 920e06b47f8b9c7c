"""Reading: readiness by moment, headlines that are true in every state, what waits, constant queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events import clock
from releases import queries
from releases.errors import ReleaseNotFound
from releases.models import Freeze, Release
from releases.services import freezes, overriding
from releases.states import ReleaseState
from tests import cast
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def test_readiness_answers_wait_then_go() -> None:
    release = world.approved()
    assert queries.readiness(release, "start").answer == "wait"
    world.brief(release)
    found = queries.readiness(world.again(release), "start")
    assert (found.answer, found.blockers) == ("go", ())
    assert found.environment == "production"


def test_every_blocker_says_who_can_clear_it() -> None:
    release = world.draft(authors=[{"login": "stranger"}])
    for moment in ("sign", "go", "start"):
        facts = [f for f in queries.readiness(release, moment).facts if f.blocks and f.name != "state"]
        assert facts
        assert all(f.who and f.sentence.endswith(".") for f in facts)


def test_rejected_release_answers_no_go() -> None:
    release = world.in_review()
    world.sign(release, "rita", answer="no_go", remark="No.")
    assert queries.readiness(world.again(release), "start").answer == "no_go"


def test_readiness_for_staging_asks_for_draft_and_digests() -> None:
    release = world.draft()
    assert queries.readiness(release, environment="staging").answer == "go"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("draft", "can be deployed to staging"),
        ("staged", "0 of 2 validations are recorded, Smoke tests and Under load to come"),
        ("in_review", "0 of 3 signatures"),
        ("approved", "its window is open until"),
        ("deploying", "Waits for its turn"),
        ("monitoring", "heightened monitoring until"),
        ("rolled_back", "lessons are not recorded yet"),
    ],
)
def test_headline_says_what_it_waits_for(state: str, words: str) -> None:
    assert words in queries.headline(getattr(world, state)())


@pytest.mark.parametrize(
    ("state", "name", "words"),
    [
        ("staged", "quinn", "to validate"),
        ("in_review", "sasha", "your signature as Security Officer"),
        ("approved", "devon", "window is open"),
        ("rolled_back", "rita", "cause and lessons"),
        ("draft", "dana", "deploy it to staging"),
    ],
)
def test_person_finds_what_waits_for_them(state: str, name: str, words: str) -> None:
    getattr(world, state)()
    assert any(words in waiting.sentence for waiting in queries.for_person(cast.actor(name)))
    assert queries.for_person(cast.actor("otto")) == []


def test_author_is_not_asked_to_sign() -> None:
    world.in_review(authors=[{"login": "sasha-gh"}])
    assert queries.for_person(cast.actor("sasha")) == []


def freeze(name: str = "Crisis week") -> None:
    now = clock.now()
    freezes.add(
        actor=cast.actor("rita"),
        name=name,
        reason="Peak",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(hours=1),
    )


def test_approved_release_under_a_freeze_does_not_say_that_it_waits_to_be_started() -> None:
    release = world.approved()
    freeze()
    assert "but the freeze “Crisis week” holds it until" in queries.headline(world.again(release))
    (waits,) = queries.for_person(cast.actor("devon"))
    assert waits.sentence.startswith("The freeze “Crisis week” holds it until")
    assert waits.label == "Look"


def test_approved_release_that_was_let_through_a_freeze_waits_to_be_started() -> None:
    release = world.approved()
    freeze()
    standing = list(Freeze.objects.values_list("pk", flat=True))
    overriding.override(
        release.version, actor=cast.actor("rita"), freezes=standing, reason="Urgent", seal=release.seal
    )
    assert "it waits to be started" in queries.headline(world.again(release))
    (waits,) = queries.for_person(cast.actor("devon"))
    assert waits.label == "Start"


def test_remark_of_a_veto_is_closed_before_the_next_sentence() -> None:
    release = world.in_review()
    world.sign(release, "quinn", answer="no_go", remark="Reminders arrive twice")
    assert "Reminders arrive twice. A Release Manager can" in queries.headline(world.again(release))


def count(call: object) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()  # type: ignore[operator]
    return len(captured)


def test_lists_ask_the_same_number_of_queries_for_one_and_for_many() -> None:
    world.in_review("1.0.0")
    world.staged("1.0.1")
    world.draft("1.0.2")

    def read() -> None:
        queries.headlines(list(queries.listed_by({})))
        queries.for_person(cast.actor("quinn"))

    few = count(read)
    world.in_review("1.1.0")
    world.staged("1.1.1")
    world.draft("1.1.2")
    assert count(read) == few


def test_readiness_of_the_start_stays_within_its_queries() -> None:
    release = queries.get(world.approved().version)
    assert count(lambda: queries.readiness(release, "start")) <= 12


def test_list_filters_and_sorts() -> None:
    world.draft("1.0.0", title="Video calls")
    world.draft("1.0.1", kind="security", components={"web": {"artifact": world.digest("a")}})

    def versions(**filters: str) -> list[str]:
        return [release.version for release in queries.listed_by(filters)]

    assert versions() == ["1.0.1", "1.0.0"]
    assert versions(sort="oldest") == ["1.0.0", "1.0.1"]
    assert versions(kind="security") == ["1.0.1"]
    assert versions(component="mailer") == ["1.0.0"]
    assert versions(text="video") == ["1.0.0"]
    assert versions(person="dana", state="draft") == ["1.0.1", "1.0.0"]
    assert versions(text="\x00", state="nonsense") == ["1.0.1", "1.0.0"]


def test_unknown_release_is_not_found() -> None:
    for version in ("9.9.9", "a\x00b", "../etc"):
        with pytest.raises(ReleaseNotFound):
            queries.get(version)


def test_every_state_has_a_headline() -> None:
    assert set(queries.headlines([])) == set()
    from releases.queries.headlines import SENTENCES

    assert set(SENTENCES) == set(ReleaseState)
    assert Release.objects.count() == 0
