"""Acts around production: being there, starting, going back, and what a rollback taught."""

from __future__ import annotations

from typing import Any

from django.forms import Form

from deployments.models import DeploymentRun
from deployments.plan import sentences
from deployments.views.steer import abort_effects, weights_now
from releases import forms
from releases.models import Release
from releases.queries.plans import plan_of
from releases.services import (
    lessons,
    rollback,
    starting,
)
from releases.states import Kind
from releases.verbs import Verb
from releases.views.verbs.base import ReleaseAct


class Watching(ReleaseAct):
    """`watching/`: a DevOps Engineer is at the screen."""

    verb = Verb.WATCH
    name, title, label, icon = "watching", "Are you watching {version}?", "I am watching", "person"

    def effects(self, release: Release) -> list[str]:
        """For how long it counts."""
        return ["It counts for 30 minutes. A plan that starts by itself needs it."]

    def perform(self, data: dict[str, Any]) -> str:
        """Say so."""
        starting.watching(self.version, actor=self.actor)
        return f"You are watching {self.version} for the next 30 minutes."


class Deploy(ReleaseAct):
    """`deploy/`: start in production."""

    verb = Verb.DEPLOY

    @property
    def form_class(self) -> type[Form]:  # type: ignore[override]
        """Only a security release is asked whether it is an emergency."""
        return forms.SealedStart if self.release.kind == Kind.SECURITY else forms.SealedOrdinaryStart

    name, title, label, icon = "deploy", "Start {version} in production?", "Start now", "play"

    def effects(self, release: Release) -> list[str]:
        """The plan that was signed."""
        return [
            "Every signature and every fact is judged again at this moment.",
            *sentences(plan_of(release)),
        ]

    def form_kwargs(self) -> dict[str, Any]:
        """The seal that the reader saw."""
        return {"initial": {"seal": self.release.seal}}

    def perform(self, data: dict[str, Any]) -> str:
        """Queue the production run."""
        starting.deploy(
            self.version,
            actor=self.actor,
            seal=data["seal"],
            emergency=data.get("emergency", False),
            reason=data.get("reason", ""),
        )
        return f"{self.version} is on its way to production."

    def done_url(self) -> str:
        """The run that began, else the release."""
        run = DeploymentRun.objects.filter(stream=f"release/{self.version}").order_by("-id").first()
        started = (
            run is not None and self.request.method == "POST" and self.release.production_run_id == run.pk
        )
        return f"/deployments/{run.pk}/" if run and started else super().done_url()


class Rollback(ReleaseAct):
    """`rollback/`: abort or roll back what runs in production."""

    verb = Verb.ROLL_BACK
    form_class = forms.WithReason
    name, title, label, icon = "rollback", "Roll back {version}?", "Roll back now", "back"
    kind, keep = "danger", "Keep going"

    def effects(self, release: Release) -> list[str]:
        """The same numbers as on the run's page."""
        run = release.production_run
        if run is None:
            return ["There is no production run to take back."]
        full = DeploymentRun.objects.select_related("environment", "blue").get(pk=run.pk)
        return abort_effects(full, weights_now(full))

    def perform(self, data: dict[str, Any]) -> str:
        """Ask the run to go back."""
        rollback.rollback(self.version, actor=self.actor, reason=data["reason"] or "no reason given")
        return f"Abort of {self.version} taken."

    def done_url(self) -> str:
        """The run's page."""
        run = self.release.production_run_id
        return f"/deployments/{run}/" if run else super().done_url()


class Lessons(ReleaseAct):
    """`lessons/`: cause and lessons of a rollback."""

    verb = Verb.RECORD_LESSONS
    form_class = forms.Lessons
    name, title, label, icon = "lessons", "What did the rollback of {version} teach?", "Keep", "pen"

    def effects(self, release: Release) -> list[str]:
        """What follows from it."""
        return ["It is never edited afterwards. It unlocks production for ordinary releases."]

    def perform(self, data: dict[str, Any]) -> str:
        """Keep them."""
        lessons.record(
            self.version,
            actor=self.actor,
            cause=data["cause"],
            lessons=data["lessons"],
            actions=data["actions"],
        )
        return "Cause and lessons are kept."
