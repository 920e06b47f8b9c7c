"""Reminders of missing signatures: ever more people, and faster as the window nears."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from accounts.roles import Role
from accounts.services.roles import end_role
from approvals import reminders
from approvals.models import Gate
from approvals.services.locking import locked
from approvals.services.reminding import remind
from approvals.services.signing import sign
from approvals.services.stopping import make
from approvals.tasks import sweep
from events import clock
from events.models import Event
from tests.approvals.gates import ROLE_OF, production_gate, say
from tests.approvals.policies import agree, load, rule
from tests.cast import SETUP, actor, make_cast, user

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


def swept(after: timedelta) -> list[int]:
    """The levels of all reminders so far, once the sweep has run that long after now."""
    with clock.at(clock.now() + after):
        sweep()
    told = Event.objects.filter(kind="signoff.reminder").order_by("id")
    return [event.after["level"] for event in told]


@pytest.mark.django_db
def test_stop_that_waits_to_be_lifted_is_reminded_of_after_an_hour_and_then_ever_more_seldom() -> None:
    make_cast()
    stop = make(environment="production", actor=actor("sue"), reason="Errors.")
    levels = [swept(HOUR * hours) for hours in (0, 1, 2, 3, 6, 7, 14, 15)]
    assert levels == [[], [1], [1], [1, 2], [1, 2], [1, 2, 3], [1, 2, 3], [1, 2, 3, 3]]
    for name in ("rita", "sasha"):
        sign(stop.gate_id, actor=actor(name), role=ROLE_OF[name], answer="go", remark="", seal=stop.gate.seal)
    assert swept(60 * DAY) == levels[-1]


@pytest.mark.django_db
def test_changed_policy_is_reminded_of_each_day_until_it_is_signed() -> None:
    make_cast()
    load(rule("production", "release_manager", "qa_lead", "security_officer"))
    load(rule("production", "release_manager", "qa_lead"))
    assert [swept(HOUR * hours) for hours in (23, 25, 47, 50)] == [[], [1], [1], [1, 2]]
    agree("rita", "sasha")
    assert swept(9 * DAY) == [1, 2]


@pytest.mark.django_db
def test_stop_that_nobody_can_lift_any_more_is_flagged_by_the_sweep() -> None:
    make_cast()
    stop = make(environment="", actor=actor("sue"))
    end_role(user("sasha"), Role.SECURITY_OFFICER, SETUP)
    swept(timedelta(0))
    assert "asks 1 × Security Officer, and nobody may give it" in Gate.objects.get(stop=stop).stuck_reason
