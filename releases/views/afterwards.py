"""What is written down after an emergency: what follows a review's no-go, and what was done past the portal.

In: the address. Out: the question before an act, or the act. A GET never acts.
"""

from __future__ import annotations

from typing import Any

from django import forms as django_forms
from django.urls import reverse

from approvals.acts import Confirm
from approvals.errors import GateNotFound
from approvals.models import Review
from approvals.pages import ActPage
from approvals.services import reviews
from releases.services import emergency
from releases.views.emergencies import HERE, standing_now


class FollowForm(django_forms.Form):
    """What is done about it."""

    follow_up = django_forms.CharField(
        label="What follows, and by whom it is done",
        max_length=10_000,
        widget=django_forms.Textarea(attrs={"rows": 3}),
    )


class FollowReview(ActPage):
    """`/emergency/reviews/<pk>/follow-up/`."""

    form_class = FollowForm

    def confirm(self) -> Confirm:
        """What the reviewers said, and what naming it ends."""
        found = Review.objects.select_related("gate").filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise GateNotFound("There is no such review.")
        return Confirm(
            id="follow-up",
            title=f"What follows: {found.gate.label}",
            effects=[found.gate.closing_reason, "You sign what you write; the review then blocks no longer."],
            label="Sign what follows",
            url=self.request.path,
            icon="pen",
            keep="Not now",
            keep_url=reverse(HERE),
        )

    def stands(self) -> str:
        """What is stopped, and which reviews are owed."""
        return standing_now()

    def done_url(self) -> str:
        """Back to what is owed."""
        return reverse(HERE)

    def perform(self, data: dict[str, Any]) -> str:
        """Keep and sign it."""
        review = reviews.follow_up(self.kwargs["pk"], actor=self.actor, text=data["follow_up"])
        return f"What follows is kept: {review.gate.label} blocks no longer."


class LateForm(django_forms.Form):
    """What was done past the portal."""

    version = django_forms.CharField(label="Release", max_length=100)
    at = django_forms.CharField(
        label="When it was done", max_length=40, help_text="With its offset: 2026-11-24T03:10:00Z."
    )
    reason = django_forms.CharField(
        label="What was done, by whom, and why",
        max_length=10_000,
        widget=django_forms.Textarea(attrs={"rows": 4}),
    )


class LateEntry(ActPage):
    """`/emergency/late-entry/`."""

    form_class = LateForm

    def confirm(self) -> Confirm:
        """It starts nothing."""
        return Confirm(
            id="late-entry",
            title="Record what was done while the portal was away",
            effects=[
                "It is kept with its true time and marked as a late entry. It starts and changes nothing.",
                "Everybody whom the approval policy would have asked reviews it within 48 hours.",
            ],
            label="Record it",
            url=reverse("emergency:late-entry"),
            icon="pen",
            keep="Not now",
            keep_url=reverse(HERE),
        )

    def stands(self) -> str:
        """What is stopped, and which reviews are owed."""
        return standing_now()

    def perform(self, data: dict[str, Any]) -> str:
        """Record it."""
        emergency.record_late(data["version"], actor=self.actor, reason=data["reason"], at=data["at"])
        return f"The late entry about {data['version']} is recorded; its review is owed."
