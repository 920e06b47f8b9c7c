"""The production window: what cannot be one, and what moving it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from events import clock
from events.errors import NotAllowed
from events.models import Event
from releases import queries
from releases.errors import BadWindow
from releases.services import freezes
from releases.services.advance import advance
from releases.services.window import set_window
from releases.states import ReleaseState
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
HOUR = timedelta(hours=1)


def put(start: object, end: object, zone: str = "UTC") -> None:
    set_window("2026.11.0", actor=actor("rita"), start=start, end=end, zone=zone)  # type: ignore[arg-type]


def refused(start: object, end: object, zone: str = "UTC") -> set[str]:
    release = world.draft()
    with pytest.raises(BadWindow) as error:
        put(start, end, zone)
    assert world.again(release).window_start is None
    return set(error.value.fields)


def test_window_in_the_past_is_refused() -> None:
    now = clock.now()
    assert refused(now - 3 * HOUR, now - HOUR) == {"window.start"}


def test_window_that_began_hours_ago_is_refused() -> None:
    now = clock.now()
    assert refused(now - 3 * HOUR, now + HOUR) == {"window.start"}


def test_window_upside_down_or_endless_is_refused() -> None:
    now = clock.now()
    assert refused(now + 2 * HOUR, now + HOUR) == {"window.end"}


@pytest.mark.parametrize("start", ["soon", "", None, 7, "2026-13-40T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_refused(start: object) -> None:
    assert "window.start" in refused(start, clock.now() + HOUR)


def test_unknown_zone_is_refused() -> None:
    assert "window.zone" in refused("2030-01-01T00:00:00", "2030-01-01T01:00:00", "Mars/Olympus")


def test_local_times_are_read_in_their_zone() -> None:
    release = world.draft()
    tomorrow = (clock.now() + timedelta(days=1)).date()
    put(f"{tomorrow}T22:00:00", f"{tomorrow}T23:00:00", "Asia/Kolkata")
    assert (world.again(release).window_start.hour, world.again(release).window_start.minute) == (16, 30)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("2030-03-31T02:30:00", "does not exist in Europe/Berlin.*Give 2030-03-31 03:30"),
        ("2030-10-27T02:30:00", "comes twice in Europe/Berlin.*in UTC: 2030-10-27 00:30 or 2030-10-27 01:30"),
    ],
)
def test_local_time_that_a_change_of_clocks_skips_or_repeats_is_refused(start: str, told: str) -> None:
    world.draft()
    with pytest.raises(BadWindow, match=told) as error:
        put(start, f"{start[:11]}04:00:00", "Europe/Berlin")
    assert set(error.value.fields) == {"window.start"}


def test_repeated_hour_is_taken_with_its_offset() -> None:
    release = world.draft()
    with clock.at(datetime(2030, 10, 1, tzinfo=UTC)):
        put("2030-10-27T02:30:00+02:00", "2030-10-27T02:30:00+01:00", "Europe/Berlin")
    kept = world.again(release)
    assert kept.window_end - kept.window_start == HOUR


def test_window_inside_a_freeze_is_refused_with_its_reason() -> None:
    now = clock.now()
    freezes.add(
        actor=actor("rita"),
        name="Crisis week",
        reason="Crisis-line peak",
        starts_at=now + HOUR,
        ends_at=now + 50 * HOUR,
        passes=["security"],
    )
    world.draft()
    with pytest.raises(BadWindow, match="Crisis-line peak"):
        put(now + 2 * HOUR, now + 3 * HOUR)
    world.draft("2026.11.1", kind="security")
    set_window("2026.11.1", actor=actor("rita"), start=now + 2 * HOUR, end=now + 3 * HOUR)


def test_moved_window_leads_an_approved_release_back_and_keeps_its_signatures() -> None:
    release = world.approved()
    put(clock.now() + 2 * HOUR, clock.now() + 3 * HOUR)
    moved = world.again(release)
    assert moved.status == ReleaseState.REVIEW
    assert moved.gate.state == "satisfied"
    assert queries.readiness(moved, "start").fact("decision").verdict == "blocks"
    event = Event.objects.get(stream=release.stream, kind="window.moved")
    assert (event.before["state"], event.after["state"]) == ("approved", "review")


def test_missed_window_leads_back_to_review_once() -> None:
    release = world.approved()
    with clock.at(clock.now() + 3 * HOUR):
        advance(release.pk)
        advance(release.pk)
    assert world.again(release).status == ReleaseState.REVIEW
    assert Event.objects.filter(stream=release.stream, kind="window.missed").count() == 1


def test_same_window_again_changes_nothing() -> None:
    release = world.approved()
    put(release.window_start, release.window_end)
    assert world.again(release).status == ReleaseState.APPROVED


def test_only_a_release_manager_sets_it() -> None:
    world.draft()
    with pytest.raises(NotAllowed, match="Release Manager"):
        set_window("2026.11.0", actor=actor("devon"), start=clock.now(), end=clock.now() + HOUR)
