"""Freezes: once, and weekly in local time across changes of clocks and the date line."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from events import clock
from events.errors import Conflict, Invalid, NotAllowed, NotFound
from releases import queries
from releases.models import Freeze
from releases.recurrence import Weekly, spans
from releases.services import freezes
from tests.cast import actor
from tests.releases import world


def weekly(zone: str, opens: tuple[int, time], closes: tuple[int, time]) -> Weekly:
    return Weekly(*opens, *closes, zone)


def within(rule: Weekly, start: datetime, days: int = 7) -> list[tuple[str, str]]:
    found = spans(rule, start, start + timedelta(days=days))
    return [(f"{a:%a %d %H:%M}", f"{b:%a %d %H:%M}") for a, b in found]


FRIDAY_TO_MONDAY = ((4, time(16)), (0, time(6)))


def test_local_time_stays_when_clocks_change() -> None:
    rule = weekly("Europe/Berlin", *FRIDAY_TO_MONDAY)
    summer = within(rule, datetime(2026, 10, 15, tzinfo=UTC))
    winter = within(rule, datetime(2026, 10, 22, tzinfo=UTC))
    assert summer == [("Fri 16 14:00", "Mon 19 04:00")]
    assert winter == [("Fri 23 14:00", "Mon 26 05:00")]  # clocks went back on Sunday


def test_skipped_and_repeated_hours_never_open_a_freeze() -> None:
    night = weekly("Europe/Berlin", (6, time(2, 30)), (6, time(2, 45)))
    spring = within(night, datetime(2026, 3, 28, tzinfo=UTC), 2)
    autumn = within(night, datetime(2026, 10, 24, tzinfo=UTC), 2)
    assert spring == [("Sun 29 00:30", "Sun 29 01:45")]  # 02:30 does not exist
    assert autumn == [("Sun 25 00:30", "Sun 25 01:45")]  # 02:30 comes twice


@pytest.mark.django_db
@pytest.mark.usefixtures("platform")
def test_freeze_between_hours_that_clocks_skip_or_repeat_stands_at_its_longest() -> None:
    made = freezes.add(
        actor=actor("rita"),
        name="Change of clocks",
        reason="Nobody knows the hour",
        starts_at="2030-10-27T02:30:00",
        ends_at="2030-10-27T02:45:00",
        zone="Europe/Berlin",
    )
    assert (made.starts_at, made.ends_at) == (
        datetime(2030, 10, 27, 0, 30, tzinfo=UTC),
        datetime(2030, 10, 27, 1, 45, tzinfo=UTC),
    )


def test_a_zone_beyond_the_date_line_has_its_own_weekday() -> None:
    rule = weekly("Pacific/Kiritimati", (0, time(8)), (0, time(10)))  # UTC+14
    assert within(rule, datetime(2026, 11, 22, tzinfo=UTC), 1) == [("Sun 22 18:00", "Sun 22 20:00")]
    west = weekly("Pacific/Pago_Pago", (0, time(22)), (0, time(23)))  # UTC-11
    assert within(west, datetime(2026, 11, 24, tzinfo=UTC), 1) == [("Tue 24 09:00", "Tue 24 10:00")]


def test_a_day_that_a_country_skipped_is_covered() -> None:
    rule = weekly("Pacific/Apia", (4, time(0)), (5, time(0)))  # Samoa had no Friday 2011-12-30
    assert within(rule, datetime(2011, 12, 29, tzinfo=UTC), 3)


def test_a_span_over_the_weeks_end_is_seen_from_its_middle() -> None:
    rule = weekly("UTC", *FRIDAY_TO_MONDAY)
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert list(spans(rule, sunday, sunday + timedelta(minutes=1)))


@pytest.mark.django_db
@pytest.mark.usefixtures("platform")
class TestFreezes:
    """With the platform and its people."""

    def test_weekly_freeze_blocks_the_start_while_it_stands(self) -> None:
        release = world.approved()
        now = clock.now()
        names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        today, tomorrow = names[now.weekday()], names[(now.weekday() + 1) % 7]
        freezes.add(
            actor=actor("rita"),
            name="Today",
            reason="Staff meeting",
            weekly={"from": f"{today} 00:00", "to": f"{tomorrow} 00:00"},
        )
        assert "freeze" in world.blockers(release)
        assert "freeze" in world.blockers(release, "carry_on")

    def test_removed_freeze_blocks_no_more(self) -> None:
        release = world.approved()
        now = clock.now()
        freeze = freezes.add(
            actor=actor("rita"),
            name="N",
            reason="R",
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=1),
        )
        assert "freeze" in world.blockers(release)
        freezes.remove(freeze.pk, actor=actor("rita"))
        assert "freeze" not in world.blockers(release)
        with pytest.raises(NotFound):
            freezes.remove(freeze.pk, actor=actor("rita"))

    def test_freeze_of_the_platform_file_is_removed_there(self) -> None:
        entry = {
            "name": "Year end",
            "reason": "R",
            "starts": "2030-12-19T00:00:00",
            "ends": "2031-01-04T06:00:00",
        }
        world.load(freezes=[{**entry, "zone": "Europe/Berlin"}])
        freeze = Freeze.objects.get(source="file")
        assert freeze.starts_at == datetime(2030, 12, 18, 23, tzinfo=UTC)
        with pytest.raises(Conflict, match="platform file"):
            freezes.remove(freeze.pk, actor=actor("rita"))
        world.load(freezes=[])
        assert queries.freezes() == []

    @pytest.mark.parametrize(
        "given",
        [
            {"starts_at": "2030-01-02T00:00:00", "ends_at": "2030-01-01T00:00:00"},
            {"starts_at": "2020-01-01T00:00:00", "ends_at": "2020-01-02T00:00:00"},
            {"weekly": {"from": "someday", "to": "mon 06:00"}},
            {"weekly": {"from": "mon 06:00", "to": "mon 06:00"}},
            {"weekly": {"from": "mon 06:00", "to": "tue 06:00"}, "zone": "Mars/Olympus"},
            {},
        ],
    )
    def test_what_cannot_be_a_freeze_is_refused(self, given: dict[str, object]) -> None:
        with pytest.raises(Invalid):
            freezes.add(actor=actor("rita"), name="N", reason="R", **given)  # type: ignore[arg-type]
        assert not Freeze.objects.exists()

    def test_only_a_release_manager_manages_freezes(self) -> None:
        with pytest.raises(NotAllowed):
            freezes.add(
                actor=actor("devon"), name="N", reason="R", weekly={"from": "mon 06:00", "to": "tue 06:00"}
            )
