"""Acts before sign-off: staging, development, submission, and building on what production runs now."""

from __future__ import annotations

from typing import Any

from deployments.plan import sentences
from releases.models import Release
from releases.queries.plans import plan_of
from releases.services import (
    rebase,
    replan,
    stage,
    submit,
)
from releases.verbs import Verb
from releases.views.verbs.base import ReleaseAct


class Stage(ReleaseAct):
    """`stage/`: to the environment before production."""

    verb = Verb.STAGE
    name, title, label, icon = "stage", "Deploy {version} to staging?", "Deploy to staging", "right"

    def effects(self, release: Release) -> list[str]:
        """What staging means for the content."""
        return [
            "Staging runs exactly this content; production later starts only what staging ran.",
            "The release leaves preparation until the run has ended.",
        ]

    def perform(self, data: dict[str, Any]) -> str:
        """Queue the staging run."""
        stage.stage(self.version, actor=self.actor)
        return f"{self.version} is on its way to staging."


class Development(ReleaseAct):
    """`development/`: try it without touching the release's state."""

    verb = Verb.DEPLOY_DEVELOPMENT
    name, title, label, icon = "development", "Deploy {version} to development?", "Deploy", "right"

    def effects(self, release: Release) -> list[str]:
        """Nothing is proved by it."""
        return ["The release stays in preparation; development proves nothing for production."]

    def perform(self, data: dict[str, Any]) -> str:
        """Queue the development run."""
        stage.deploy_development(self.version, actor=self.actor)
        return f"{self.version} is on its way to development."


class Submit(ReleaseAct):
    """`submit/`: freeze the plan and ask for signatures."""

    verb = Verb.SUBMIT
    name, title, label, icon = "submit", "Submit {version} for sign-off?", "Submit", "pen"

    def effects(self, release: Release) -> list[str]:
        """The plan that is frozen, in its own words."""
        return ["The plan is frozen and sealed with the content:", *sentences(plan_of(release))]

    def perform(self, data: dict[str, Any]) -> str:
        """Freeze and ask."""
        submit.submit(self.version, actor=self.actor)
        return f"{self.version} is submitted; the three roles are asked to sign."


class Replan(ReleaseAct):
    """`replan/`: freeze the plan of today."""

    verb = Verb.REPLAN
    name, title, label, icon = "replan", "Freeze a new plan for {version}?", "Freeze the new plan", "lock"

    def effects(self, release: Release) -> list[str]:
        """Signatures reset; what staging proved stays."""
        return ["New plan, new seal: every signature resets. What staging proved stays."]

    def perform(self, data: dict[str, Any]) -> str:
        """Replan."""
        replan.replan(self.version, actor=self.actor)
        return f"{self.version} has a new plan and a new seal; the roles are asked again."


class Rebase(ReleaseAct):
    """`rebase/`: build on what production runs now."""

    verb = Verb.REBASE
    name, title, label, icon = "rebase", "Rebase {version}?", "Rebase", "reset"

    def effects(self, release: Release) -> list[str]:
        """Content changes, so proofs and signatures go."""
        return [
            "Components that this release does not bring are copied from what production runs now.",
            "If that changes the content, it returns to preparation: staging and signatures start over.",
        ]

    def perform(self, data: dict[str, Any]) -> str:
        """Rebase."""
        rebase.rebase(self.version, actor=self.actor)
        return f"{self.version} builds on what production runs now."
