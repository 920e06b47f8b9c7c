"""Facts by hand: missing, bad and old ones stop the start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from events import clock
from events.errors import NotFound
from releases import queries
from releases.errors import BadContent
from releases.queries.fact import utc
from releases.services.facts import record_fact
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]


def say(value: str, **more: object) -> None:
    record_fact("2026.11.0", "backup_age", actor=actor("devon"), value=value, **more)  # type: ignore[arg-type]


def test_missing_fact_blocks_the_start_and_is_only_watched_at_the_go() -> None:
    release = world.in_review()
    assert "backup_age" in world.blockers(release, "start")
    assert queries.readiness(release, "go").fact("backup_age").verdict == "watch"


def test_fact_grows_old() -> None:
    release = world.approved()
    say("clear", at=clock.now() - timedelta(minutes=14))
    assert "backup_age" not in world.blockers(release)
    with clock.at(clock.now() + timedelta(minutes=2)):
        fact = queries.readiness(world.again(release), "start").fact("backup_age")
    assert (fact.verdict, fact.value) == ("blocks", "too old")
    assert fact.age_seconds > 900


def test_newest_fact_counts() -> None:
    release = world.approved()
    say("clear")
    say("blocks", remark="The backup is broken.")
    assert "backup_age" in world.blockers(release)


def test_fact_from_the_future_is_refused() -> None:
    world.draft()
    with pytest.raises(BadContent):
        say("clear", at=clock.now() + timedelta(hours=1))
    with pytest.raises(BadContent):
        say("clear", at="yesterday")


def test_unknown_fact_and_value_are_refused() -> None:
    world.draft()
    with pytest.raises(BadContent):
        say("yes")
    with pytest.raises(NotFound, match="backup_age"):
        record_fact("2026.11.0", "moon", actor=actor("devon"), value="clear")


def test_time_with_seconds_is_told_to_the_second() -> None:
    """A start refused within the minute of the window's opening must not read as if it had opened."""
    assert utc(datetime(2026, 11, 24, 15, 12, 28, tzinfo=UTC)) == "2026-11-24 15:12:28 UTC"
    assert utc(datetime(2026, 11, 24, 15, 12, tzinfo=UTC)) == "2026-11-24 15:12 UTC"


@pytest.mark.parametrize(
    "link",
    [
        "https://ci:secret@ci.example/9118",
        "https://token@ci.example/",
        "https://ci.example/\u2028x",
        "https://\u200bci",
    ],
)
def test_link_with_credentials_or_unseen_characters_is_refused(link: str) -> None:
    world.draft()
    with pytest.raises(BadContent) as refused:
        say("clear", link=link)
    assert list(refused.value.fields) == ["link"]
    assert "secret" not in str(refused.value.fields)


def test_remark_that_nobody_can_see_is_none() -> None:
    world.draft()
    with pytest.raises(BadContent) as refused:
        say("blocks", remark="\u200b \u2060")
    assert list(refused.value.fields) == ["remark"]
