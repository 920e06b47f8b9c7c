"""Reminders of missing signatures: ever more people, and faster as the window nears."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from approvals import reminders
from approvals.models import Gate
from approvals.services.locking import locked
from approvals.services.reminding import remind
from events import clock
from events.models import Event
from tests.approvals.gates import production_gate, say
from tests.cast import make_cast

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_reminders_come_faster_as_the_window_nears() -> None:
    assert reminders.next_at(NOON, None) == NOON + DAY
    assert reminders.next_at(NOON, NOON + 8 * DAY) == NOON + DAY
    assert reminders.next_at(NOON, NOON + 8 * HOUR) == NOON + 2 * HOUR
    assert reminders.next_at(NOON, NOON + HOUR) == NOON + timedelta(minutes=30)


def test_each_reminder_goes_to_more_people_and_to_everybody_near_the_window() -> None:
    levels = [reminders.level(count, NOON, NOON + 3 * DAY) for count in range(4)]
    assert levels == [reminders.SIGNERS, reminders.MANAGERS, reminders.EVERYBODY, reminders.EVERYBODY]
    assert reminders.level(0, NOON, NOON + HOUR) == reminders.EVERYBODY


def reminded(gate: Gate, after: timedelta) -> bool:
    with clock.at(gate.opened_at + after), transaction.atomic():
        return remind(locked(gate.pk))


@pytest.mark.django_db
def test_reminders_rise_until_everybody_has_signed() -> None:
    make_cast()
    gate = production_gate()
    say(gate, "quinn")
    due = [reminded(gate, timedelta(hours=hours)) for hours in (1, 25, 26, 50, 75)]
    assert due == [False, True, False, True, True]
    told = [event.after for event in Event.objects.filter(kind="signoff.reminder").order_by("seq")]
    assert [one["level"] for one in told] == [1, 2, 3]
    assert {row["role"]: row["who_can"] for row in told[0]["waiting"]} == {
        "release_manager": ["rita"],
        "security_officer": ["sasha"],
    }
    say(gate, "rita")
    say(gate, "sasha")
    assert not reminded(gate, timedelta(hours=120))
