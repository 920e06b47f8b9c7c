"""What waits for a person: stops and reviews that they can sign or lift, the most pressing first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import EmergencyStop, Review
from approvals.services.signing import sign
from deployments.services import stopping
from events import clock
from releases import queries
from releases.services import emergency
from tests.approvals.policies import load, rule
from tests.cast import actor
from tests.releases import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("platform")]
ROLES = {"rita": "release_manager", "sasha": "security_officer"}


def waits(name: str) -> list[tuple[str, str]]:
    """Title and button of everything that waits for this person, in order."""
    return [(row.title, row.label) for row in queries.for_person(actor(name))]


def stopped() -> EmergencyStop:
    return stopping.stop(environment="production", actor=actor("sue"), reason="Errors.").stop


def answer(stop: EmergencyStop, *names: str, said: str = "go") -> None:
    for name in names:
        remark = "" if said == "go" else "Not yet."
        gate = stop.gate
        assert gate is not None
        sign(gate.pk, actor=actor(name), role=ROLES[name], answer=said, remark=remark, seal=gate.seal)


def owed(version: str = "2026.11.0") -> Review:
    """The review of broken glass, owed by quinn and sasha."""
    release = world.in_review(version)
    emergency.break_glass(version, actor=actor("rita"), reason="Outage.", seal=release.seal)
    return Review.objects.get(of=release.gate_id)


def test_stop_waits_for_its_signers_then_for_those_who_lift_it() -> None:
    stop = stopped()
    assert waits("rita") == waits("sasha") == [("Production stopped", "Review and sign")]
    assert waits("devon") == waits("quinn") == []
    answer(stop, "rita", "sasha")
    assert waits("rita") == waits("devon") == [("Production stopped", "Lift it")]
    assert waits("sasha") == []
    stopping.lift(stop.pk, actor=actor("devon"), reason="Found.")
    assert waits("devon") == []


def test_stop_that_must_not_be_lifted_waits_for_those_who_can_ask_again() -> None:
    answer(stopped(), "sasha", said="no_go")
    assert waits("devon") == [("Production stopped", "Look")]
    assert "sasha said no-go" in queries.for_person(actor("rita"))[0].sentence


def test_owed_review_waits_for_those_who_owe_it_alone() -> None:
    review = owed()
    row = ("Review of broken glass: 2026.11.0", "Review and sign")
    assert row in waits("quinn")
    assert row in waits("sasha")
    assert row not in waits("rita")
    gate = review.gate
    sign(gate.pk, actor=actor("quinn"), role="qa_lead", answer="go", remark="", seal=gate.seal)
    assert row not in waits("quinn")


def test_stop_comes_first_then_late_reviews_and_those_to_come_before_signatures() -> None:
    review = owed()
    load(rule("production", "release_manager"))
    titles = [title for title, _ in waits("sasha")]
    assert titles == ["Review of broken glass: 2026.11.0", "2026.11.0", "Changed approval policy"]
    stopped()
    with clock.at(review.due_at + timedelta(minutes=1)):
        rows = queries.for_person(actor("sasha"))
    assert [row.title for row in rows][:2] == ["Production stopped", "Review of broken glass: 2026.11.0"]
    assert rows[1].sentence.startswith("Late since ")


def test_number_of_queries_does_not_grow_with_what_is_owed() -> None:
    counts = []
    for version in ("2026.11.0", "2026.12.0", "2027.1.0"):
        owed(version)
        sasha = actor("sasha")
        with CaptureQueriesContext(connection) as caught:
            queries.for_person(sasha)
        counts.append(len(caught))
    assert len(set(counts)) == 1
