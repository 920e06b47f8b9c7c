"""What the endpoints of emergencies take and give, with one complete example each."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.queries import labels
from approvals.models import BreakGlass, EmergencyStop, Review, ReviewCause
from releases.api import examples, gives, show
from releases.api.takes import LONG, WindowShape
from releases.models import FreezeOverride
from rest.pagination import page_shape
from rest.strict import Strict, Text

Char, When = serializers.CharField, serializers.DateTimeField


class StopShape(Strict):
    """Where, and why; both may be left out: stopping everything needs nothing."""

    environment = Text(required=False, max_length=60, help_text="Left out: every environment.")
    reason = Text(lines=True, required=False, allow_blank=True, max_length=LONG)


class BreakShape(Strict):
    """About which seal, and why."""

    reason = Text(lines=True, max_length=LONG, help_text="Everybody who reviews it reads this.")
    seal = Text(max_length=64, help_text="The seal that is to run.")


class OverrideShape(Strict):
    """Which freezes, each by its id, and why."""

    freezes = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        max_length=100,
        help_text="One that stands in the way and is not named still blocks.",
    )
    reason = Text(lines=True, max_length=LONG)
    seal = Text(max_length=64, help_text="The seal that may pass.")
    window = WindowShape(required=False, help_text="A new window; the release's own by default.")


class FollowShape(Strict):
    """What is done about a review that said no-go."""

    follow_up = Text(lines=True, max_length=LONG, help_text="What follows, and by whom it is done.")


class LateShape(Strict):
    """What was done past the portal while it was away."""

    version = Text(max_length=100, help_text="The release that it was done to.")
    at = Text(max_length=40, help_text="When it was done, ISO 8601 with Z or an offset.")
    reason = Text(lines=True, max_length=LONG, help_text="What was done, by whom, and why.")


class StopGiven(Strict):
    """An emergency stop."""

    id = serializers.IntegerField()
    environment = Char(allow_blank=True, help_text="Empty: every environment.")
    reason = Char(allow_blank=True)
    by = Char()
    at = When()
    in_force = serializers.BooleanField()
    lifted_at = When(allow_null=True)
    lifted_by = Char(allow_blank=True)
    lifted_reason = Char(allow_blank=True)
    gate = gives.GateGiven(allow_null=True, help_text="What must be signed before it is lifted.")


class StopMade(StopGiven):
    """The same with the runs that it holds."""

    runs = serializers.ListField(child=serializers.IntegerField())


class ReviewGiven(Strict):
    """Signatures that are owed."""

    id = serializers.IntegerField()
    about = Char()
    cause = serializers.ChoiceField(choices=ReviewCause.choices)
    due_at = When()
    late = serializers.BooleanField()
    follow_up = Char(allow_blank=True, help_text="What follows its no-go; it blocks until this is named.")
    gate = gives.GateGiven()


class BrokenGiven(Strict):
    """Broken glass, or its late entry."""

    id = serializers.IntegerField()
    by = Char()
    role = Char()
    reason = Char()
    seal = Char()
    at = When(help_text="When it happened.")
    recorded_at = When()
    late_entry = serializers.BooleanField()


class OverrideGiven(Strict):
    """One freeze that was overridden."""

    freeze = serializers.IntegerField()
    name = Char()
    start = When()
    end = When()
    seal = Char()
    reason = Char()
    by = Char()


class OverridesGiven(Strict):
    """All that one act let the release through."""

    results = OverrideGiven(many=True)


StopPage = page_shape("StopPage", StopGiven)
ReviewPage = page_shape("ReviewPage", ReviewGiven)

STOP_GIVEN: dict[str, Any] = {
    "id": 2,
    "environment": "",
    "reason": "Patients see each other's notes.",
    "by": "sue",
    "at": "2026-11-24T21:14:00Z",
    "in_force": True,
    "lifted_at": None,
    "lifted_by": "",
    "lifted_reason": "",
    "gate": examples.GATE,
}
STOP_MADE = {**STOP_GIVEN, "runs": [41]}
REVIEW_GIVEN = {
    "id": 5,
    "about": "Review of broken glass: 2026.11.0",
    "cause": "break_glass",
    "due_at": "2026-11-26T21:20:00Z",
    "late": False,
    "follow_up": "",
    "gate": examples.GATE,
}
FOLLOW = {"follow_up": "2026.11.1 carries the tests that were missing; Quinn writes them by Friday."}
BREAK = {"reason": "Patients cannot log in.", "seal": examples.SEAL}
BROKEN = {
    "id": 3,
    "by": "rita",
    "role": "release_manager",
    **BREAK,
    "at": "2026-11-24T21:20:00Z",
    "recorded_at": "2026-11-24T21:20:00Z",
    "late_entry": False,
}
OVERRIDE = {"freezes": [3], **BREAK}
OVERRIDDEN = {
    "results": [
        {
            "freeze": 3,
            "name": "Crisis-line week",
            "start": "2026-12-06T23:00:00Z",
            "end": "2026-12-13T23:00:00Z",
            **BREAK,
            "by": "rita",
        }
    ]
}
LATE = {
    "version": "2026.11.0",
    "at": "2026-11-24T03:10:00Z",
    "reason": "The portal was down. Devon sent eu-central back with send_back; Rita agreed by telephone.",
}


def stops(found: list[EmergencyStop]) -> list[dict[str, Any]]:
    """Stops as the API gives them."""
    names = labels(actor for stop in found for actor in (stop.by, stop.lifted_by) if actor)
    return [
        {
            "id": stop.pk,
            "environment": stop.environment,
            "reason": stop.reason,
            "by": names[stop.by],
            "at": stop.at,
            "in_force": stop.in_force,
            "lifted_at": stop.lifted_at,
            "lifted_by": names.get(stop.lifted_by, ""),
            "lifted_reason": stop.lifted_reason,
            "gate": show.gate(stop.gate) if stop.gate else None,
        }
        for stop in found
    ]


def review(owed: Review, *, late: bool) -> dict[str, Any]:
    """One review."""
    return {
        "id": owed.pk,
        "about": owed.gate.label,
        "cause": owed.cause,
        "due_at": owed.due_at,
        "late": late,
        "follow_up": owed.follow_up,
        "gate": show.gate(owed.gate),
    }


def broken(glass: BreakGlass) -> dict[str, Any]:
    """Broken glass or a late entry."""
    return {
        "id": glass.pk,
        "by": glass.person.handle,
        "role": glass.role,
        "reason": glass.reason,
        "seal": glass.seal,
        "at": glass.at,
        "recorded_at": glass.recorded_at,
        "late_entry": glass.late_entry,
    }


def overrides(made: list[FreezeOverride]) -> dict[str, Any]:
    """What one act let through."""
    names = labels(override.by for override in made)
    return {
        "results": [
            {
                "freeze": override.freeze_id,
                "name": override.freeze.name,
                "start": override.span_start,
                "end": override.span_end,
                "seal": override.seal,
                "reason": override.reason,
                "by": names[override.by],
            }
            for override in made
        ]
    }
