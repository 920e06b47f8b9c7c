"""A freeze is passed by name only, for one span and one seal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from deployments.models import DeploymentRun
from events import clock
from events.errors import Invalid, NotAllowed
from events.models import Event
from releases import queries
from releases.errors import BadWindow, NotReady, WrongSeal
from releases.models import Freeze, Release
from releases.services import deciding, freezes, overriding, replan, starting, window
from releases.services.advance import advance
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def freeze(name: str, hours: float = 5, *, after: float = -1, **named: object) -> Freeze:
    now = clock.now()
    given = {"starts_at": now + timedelta(hours=after), "ends_at": now + timedelta(hours=hours), **named}
    return freezes.add(actor=actor("rita"), name=name, reason=f"{name} is on.", **given)


def override(release: Release, *frozen: Freeze, by: str = "rita", **more: object) -> None:
    overriding.override(
        release.version,
        actor=actor(by),
        freezes=[found.pk for found in frozen],
        reason="Patients cannot log in.",
        seal=more.pop("seal", release.seal),
        **more,
    )


def ready(version: str = "2026.11.0") -> Release:
    """Approved and briefed, before any freeze."""
    release = world.approved(version)
    world.brief(release)
    return release


def test_every_freeze_in_the_way_is_named() -> None:
    release = ready()
    freeze("Holidays"), freeze("Audit week")
    fact = queries.readiness(release, "start").fact("freeze")
    assert fact.value == "Holidays and Audit week"
    assert "Holidays is on" in fact.sentence
    assert "Audit week is on" in fact.sentence


def test_unnamed_freeze_still_blocks() -> None:
    release = ready()
    first, second = freeze("Holidays"), freeze("Audit week")
    override(release, first)
    fact = queries.readiness(release, "start").fact("freeze")
    assert (fact.blocks, fact.value) == (True, "Audit week")
    with pytest.raises(NotReady, match="Audit week"):
        starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
    override(release, second)
    run = starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
    said = Event.objects.get(stream=release.stream, kind="release.deploying").data["freeze_overrides"]
    assert [entry["name"] for entry in said] == ["Holidays", "Audit week"]
    assert run.pk


def test_override_names_a_freeze_that_stands_in_the_way_or_nothing_is_changed() -> None:
    release = ready()
    elsewhere = freeze("Later", 50, after=40)
    first = freeze("Holidays")
    for named in ([], [elsewhere.pk], [first.pk, 99_999]):
        with pytest.raises(Invalid, match="Holidays"):
            overriding.override(
                release.version, actor=actor("rita"), freezes=named, reason="Now", seal=release.seal
            )
    assert not release.freeze_overrides.exists()


def test_override_needs_a_named_role_a_reason_and_the_seal() -> None:
    release = ready()
    found = freeze("Holidays")
    for name in ("devon", "quinn", "dana", "adam", "otto"):
        with pytest.raises(NotAllowed):
            override(release, found, by=name)
    with pytest.raises(WrongSeal):
        override(release, found, seal="0" * 64)
    with pytest.raises(Invalid, match="reason"):
        overriding.override(
            release.version, actor=actor("rita"), freezes=[found.pk], reason="", seal=release.seal
        )


def test_window_inside_a_named_freeze_can_be_set_and_gets_its_go() -> None:
    release = world.in_review()
    world.sign(release)
    found = freeze("Holidays")
    start = clock.now()
    wished = {"start": start, "end": start + timedelta(hours=2), "zone": "UTC"}
    with pytest.raises(BadWindow, match="Holidays"):
        window.set_window(release.version, actor=actor("rita"), **wished)
    override(release, found, by="sasha", window=wished)
    deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal)
    assert queries.readiness(world.again(release), "start").fact("freeze").verdict == "watch"


def test_new_window_that_meets_an_unnamed_freeze_is_refused_whole() -> None:
    release = world.in_review()
    first, _ = freeze("Holidays"), freeze("Audit week")
    start = clock.now()
    with pytest.raises(BadWindow, match="Audit week"):
        override(release, first, window={"start": start, "end": start + timedelta(hours=2), "zone": "UTC"})
    assert not world.again(release).freeze_overrides.exists()


def test_other_plan_or_content_needs_another_override() -> None:
    release = ready()
    override(release, freeze("Holidays"))
    environments = world.document()["environments"]
    environments[-1]["strategy"] = {**world.STRATEGY, "weights": [25, 100]}
    world.load(environments=environments, freezes=[])
    replan.replan(release.version, actor=actor("rita"))
    assert "freeze" in world.blockers(release, "start")


def test_override_passes_this_weeks_span_and_not_the_next() -> None:
    friday = datetime(2027, 3, 12, 21, 0, tzinfo=UTC)
    with clock.at(friday - timedelta(days=2)):
        release = world.in_review()
        world.sign(release)
        weekly = freezes.add(
            actor=actor("rita"),
            name="Weekend",
            reason="Nobody is there.",
            weekly={"from": "fri 16:00", "to": "mon 06:00"},
            zone="America/New_York",
        )
        first = {"start": friday, "end": friday + timedelta(hours=2), "zone": "UTC"}
        override(release, weekly, window=first)
        after = friday + timedelta(days=7)  # the clocks changed on 2027-03-14: 16:00 there is 20:00 UTC now
        with pytest.raises(BadWindow, match="Weekend"):
            window.set_window(
                release.version,
                actor=actor("rita"),
                start=after,
                end=after + timedelta(hours=2),
                zone="UTC",
            )


def test_freeze_in_the_future_does_not_block_now() -> None:
    release = ready()
    freeze("Next week", 24 * 9, after=24 * 7)
    assert "freeze" not in world.blockers(release, "start")


def test_start_after_a_freeze_can_be_booked_during_it() -> None:
    freeze("Today", 5)
    release = world.in_review()
    start = clock.now() + timedelta(hours=6)
    window.set_window(
        release.version, actor=actor("rita"), start=start, end=start + timedelta(hours=1), zone="UTC"
    )


def shifting(choice: str) -> DeploymentRun:
    environments = world.document()["environments"]
    environments[-1]["strategy"] = {**world.STRATEGY, "on_freeze": choice}
    world.load(environments=environments)
    run = world.deploying().production_run
    row = DeploymentRun.objects.get(pk=run.pk)
    row.start()
    row.save()
    return row


@pytest.mark.parametrize(("choice", "held"), [("finish", False), ("hold", True)])
def test_freeze_that_begins_in_a_shift_follows_the_declared_choice(choice: str, held: bool) -> None:
    run = shifting(choice)
    freeze("Sudden")
    with clock.at(clock.now() + timedelta(seconds=45)):
        advance(Release.objects.get(production_run=run).pk)
        now = DeploymentRun.objects.get(pk=run.pk)
        assert (now.clearance_until <= clock.now()) == held
        assert ("Sudden" in now.clearance_sentence) == held


def test_freeze_that_begins_in_a_shift_returns_where_that_was_declared() -> None:
    run = shifting("return")
    freeze("Sudden")
    advance(Release.objects.get(production_run=run).pk)
    assert DeploymentRun.objects.get(pk=run.pk).intent == "cancel"


def test_freeze_that_was_overridden_for_the_start_holds_no_shift() -> None:
    release = ready()
    override(release, freeze("Holidays"))
    run = starting.deploy(release.version, actor=actor("devon"), seal=release.seal)
    row = DeploymentRun.objects.get(pk=run.pk)
    row.start()
    row.save()
    advance(release.pk)
    assert DeploymentRun.objects.get(pk=run.pk).clearance_sentence == ""
