"""What people are told when the real services move a release; each act by one mail a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events import clock
from notifications.models import Message
from notifications.services import reading
from releases.services import cancel, deciding, edit, replan, window
from tests.cast import actor
from tests.notifications.news import stakeholder
from tests.releases import world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _stakeholder(platform: None) -> None:
    stakeholder()


def told_since(seen: int = 0) -> dict[str, set[str]]:
    """Kind of mail → who got it, of the messages after the first `seen`."""
    reading.read()
    found: dict[str, set[str]] = {}
    for message in Message.objects.order_by("pk")[seen:]:
        assert message.recipient_email not in found.get(message.kind, set()), "told twice"
        found.setdefault(message.kind, set()).add(message.recipient_email.split("@")[0])
    return found


TEAM = {"rita", "devon", "quinn", "sasha", "sue", "stan", "ines"}
SIGNERS = {"rita", "quinn", "sasha"}


def test_plan_and_its_end() -> None:
    release = world.in_review()
    assert told_since() == {"signoff_asked": SIGNERS}
    world.sign(release)
    world.open_window(release)
    assert told_since(3) == {"window_moved": TEAM}
    seen = Message.objects.count()
    deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal)
    assert told_since(seen) == {"go": TEAM}
    seen = Message.objects.count()
    cancel.cancel(release.version, actor=actor("rita"), reason="Replaced by a bigger one.")
    assert told_since(seen) == {"cancelled": TEAM}


def test_go_with_a_window_is_one_mail() -> None:
    release = world.in_review()
    world.sign(release)
    told_since()
    seen, start = Message.objects.count(), clock.now()
    given = {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat(), "zone": "UTC"}
    deciding.decide(release.version, actor=actor("rita"), answer="go", seal=release.seal, window=given)
    assert told_since(seen) == {"go": TEAM}


def test_postponed_with_a_new_window_is_one_mail() -> None:
    release = world.approved()
    told_since()
    seen, start = Message.objects.count(), clock.now() + timedelta(days=1)
    given = {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat(), "zone": "UTC"}
    deciding.decide(
        release.version,
        actor=actor("rita"),
        answer="postpone",
        reason="Storm.",
        seal=release.seal,
        window=given,
    )
    assert told_since(seen) == {"postponed": TEAM}


def test_moved_window_is_told_to_all_who_knew_the_first() -> None:
    release = world.approved()
    told_since()
    seen, start = Message.objects.count(), clock.now() + timedelta(days=1)
    window.set_window(release.version, actor=actor("rita"), start=start, end=start + timedelta(hours=1))
    assert told_since(seen) == {"window_moved": TEAM}
    assert "It was " in Message.objects.latest("pk").text


def test_other_content_voids_signatures_and_go() -> None:
    release = world.approved()
    told_since()
    seen = Message.objects.count()
    edit.put_component(release.version, "web", actor=actor("dana"), entry={"artifact": world.digest("d")})
    assert told_since(seen) == {"signatures_void": SIGNERS, "go_ended": TEAM}


def test_other_plan_asks_again() -> None:
    release = world.approved()
    told_since()
    seen = Message.objects.count()
    world.load(facts=[], environments=_slower())
    replan.replan(release.version, actor=actor("devon"))
    told = told_since(seen)
    assert told == {"signatures_void": SIGNERS, "go_ended": TEAM, "signoff_asked": SIGNERS}


def test_veto_is_told_as_one_no_go() -> None:
    release = world.in_review()
    told_since()
    seen = Message.objects.count()
    world.sign(release, "sasha", answer="no_go", remark="An open port.")
    assert told_since(seen) == {"no_go": TEAM | {"dana"}}


def test_monitoring_and_its_end_and_a_rollback() -> None:
    release = world.monitoring()
    told_since()
    assert Message.objects.filter(kind="finished").count() == len(TEAM)
    seen = Message.objects.count()
    world.roll_back(release.production_run)
    world.advance(release.pk)
    told = told_since(seen)
    assert told == {"rolled_back": TEAM}
    assert "Errors at 8 %." in Message.objects.latest("pk").text


def test_completed_release_is_told() -> None:
    world.completed()
    assert told_since()["completed"] == TEAM


def _slower() -> list[dict[str, object]]:
    environments: list[dict[str, object]] = world.document()["environments"]
    environments[-1]["strategy"] = {**world.STRATEGY, "weights": [10, 100]}
    return environments
