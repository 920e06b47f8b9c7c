"""What a release owes because it ran with fewer signatures. Called by `starting`, and by what voids a gate.

An expedited release (security, by the policy) owes the rest from its start on; broken glass owes its review
from the breaking. What never ran owes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.actors import Actor
from approvals.models import Gate, Review, ReviewCause
from approvals.services.breaking import reviewing
from approvals.services.reviews import end_reviews_of, open_review
from releases.models import Release
from releases.queries.overrides import overrides_of


def at_start(release: Release, actor: Actor) -> dict[str, Any]:
    """Open the review that the start makes owed; what its event says of broken glass and overrides."""
    gate = release.gate
    if gate is None:
        return {}
    broken = getattr(gate, "break_glass", None)
    review = Review.objects.filter(of=gate).first() or _expedited(gate, actor)
    said: dict[str, Any] = {}
    if broken is not None:
        said["break_glass"] = {"id": broken.pk, "by": broken.person.actor_id, "reason": broken.reason}
    if review is not None:
        said["owed_review"] = {"gate": review.gate_id, "due_at": review.due_at.isoformat()}
    passed = [{"freeze": o.freeze_id, "name": o.freeze.name, "by": o.by} for o in overrides_of(release)]
    return said | ({"freeze_overrides": passed} if passed else {})


def never_ran(gate: Gate, *, reason: str, actor: Actor) -> None:
    """The gate's question is void before any start: its reviews are too."""
    end_reviews_of(gate, reason=reason, actor=actor)


def _expedited(gate: Gate, actor: Actor) -> Review | None:
    owed = gate.owed
    if owed is None:
        return None
    asked = tuple(reviewing(one["role"], one["count"], one["meaning"]) for one in owed["signatures"])
    return open_review(
        of=gate,
        cause=ReviewCause.EXPEDITED,
        label=f"Owed signatures: {gate.label}",
        stream=gate.stream,
        seal=gate.seal,
        asked=asked,
        barred=gate.barred,
        actor=actor,
        summary={"of": gate.pk},
        within=timedelta(seconds=owed["within_seconds"]),
    )
