"""Every act of a release as a page: GET asks with its effect, POST calls the one service.

In: a version (and an item, fact or component by name). Out: the service's change, one sentence, back.
"""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.urls import reverse

from approvals.acts import Confirm
from approvals.pages import ActPage
from approvals.queries import in_force
from deployments.models import DeploymentRun, Environment, Region
from deployments.plan import sentences
from deployments.views.steer import abort_effects, weights_now
from releases import forms
from releases.models import Release
from releases.queries import headline
from releases.queries.plans import plan_of
from releases.services import (
    ask_again,
    cancel,
    deciding,
    follow_up,
    lessons,
    rebase,
    reopen,
    replan,
    rollback,
    signing,
    stage,
    starting,
    submit,
)
from releases.states import Kind
from releases.views.dock import go_confirm, no_go_confirm, postpone_confirm
from releases.views.reading import get_release


class ReleaseAct(ActPage):
    """Common to all: the release that the address names, and back to its page."""

    name = ""
    title = ""
    label = ""
    icon = "check"
    kind = "primary"
    keep = "Not now"

    @property
    def version(self) -> str:
        """As the address names it."""
        return str(self.kwargs["version"])

    @property
    def release(self) -> Release:
        """The release, fresh; raises ReleaseNotFound."""
        return get_release(self.version)

    def effects(self, release: Release) -> list[str]:
        """What this act does, in numbers where there are any."""
        raise NotImplementedError

    def stands(self) -> str:
        """The release's own sentence."""
        return f"{self.version}. {headline(self.release)}"

    def confirm(self) -> Confirm:
        """The question of this act."""
        release = self.release
        return Confirm(
            id=self.name,
            title=self.title.format(version=release.version),
            effects=self.effects(release),
            label=self.label,
            url=self.request.path,
            icon=self.icon,
            kind=self.kind,
            keep=self.keep,
            keep_url=self.done_url(),
        )

    def done_url(self) -> str:
        """The release's page."""
        return reverse("releases:detail", args=[self.version])


class Stage(ReleaseAct):
    """`stage/`: to the environment before production."""

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

    name, title, label, icon = "submit", "Submit {version} for sign-off?", "Submit", "pen"

    def effects(self, release: Release) -> list[str]:
        """The plan that is frozen, in its own words."""
        return ["The plan is frozen and sealed with the content:", *sentences(plan_of(release))]

    def perform(self, data: dict[str, Any]) -> str:
        """Freeze and ask."""
        submit.submit(self.version, actor=self.actor)
        return f"{self.version} is submitted; the three roles are asked to sign."


class Approve(ReleaseAct):
    """`approve/`: the Release Manager's go."""

    form_class: type[Form] = forms.SealedGo

    def confirm(self) -> Confirm:
        """The same question as the room's sheet."""
        return go_confirm(self.release)

    def done_url(self) -> str:
        """Back into the room."""
        return reverse("releases:go", args=[self.version])

    def perform(self, data: dict[str, Any]) -> str:
        """Decide go for the seal that the form carries."""
        deciding.decide(self.version, actor=self.actor, answer="go", reason=data["reason"], seal=data["seal"])
        return f"Go for {self.version}."

    def form_kwargs(self) -> dict[str, Any]:
        """The seal that the reader saw."""
        return {"initial": {"seal": self.release.seal}}


class NoGo(Approve):
    """`no-go/`: the Release Manager's no."""

    form_class = forms.Sealed

    def confirm(self) -> Confirm:
        """The same question as the room's sheet."""
        return no_go_confirm(self.release)

    def perform(self, data: dict[str, Any]) -> str:
        """Decide no-go."""
        deciding.decide(
            self.version, actor=self.actor, answer="no_go", reason=data["reason"], seal=data["seal"]
        )
        return f"No-go for {self.version}. Whoever was told of the plan is told."


class Postpone(Approve):
    """`postpone/`: not in this window."""

    form_class = forms.Sealed

    def confirm(self) -> Confirm:
        """The same question as the room's sheet."""
        return postpone_confirm(self.release)

    def perform(self, data: dict[str, Any]) -> str:
        """Decide to postpone."""
        deciding.decide(
            self.version, actor=self.actor, answer="postpone", reason=data["reason"], seal=data["seal"]
        )
        return f"{self.version} is postponed. Set a new window, then decide again."


class Withdraw(ReleaseAct):
    """`sign-offs/<id>/withdraw/`: take one's own signature back."""

    form_class = forms.MustReason
    name, title, label, icon = "withdraw", "Withdraw your signature of {version}?", "Withdraw", "reset"
    kind, keep = "danger", "Let it stand"

    def effects(self, release: Release) -> list[str]:
        """The gate asks again."""
        return ["The role is asked to sign again; an approved release goes back to sign-off."]

    def done_url(self) -> str:
        """Back into the room."""
        return reverse("releases:go", args=[self.version])

    def perform(self, data: dict[str, Any]) -> str:
        """Withdraw."""
        signing.withdraw(self.version, self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        return "Your signature is withdrawn."


class Watching(ReleaseAct):
    """`watching/`: a DevOps Engineer is at the screen."""

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


class FollowUp(ReleaseAct):
    """`follow-up/`: a new draft that carries the lessons."""

    form_class = forms.FollowUp
    name, title, label, icon = "follow-up", "Follow {version} up?", "Make the draft", "right"

    def effects(self, release: Release) -> list[str]:
        """What the draft begins with."""
        return ["A new draft links back to this release and carries its lessons as checklist items."]

    def perform(self, data: dict[str, Any]) -> str:
        """Make it."""
        self.made = follow_up.follow_up(self.version, actor=self.actor, new_version=data["new_version"])
        return f"{self.made.version} follows {self.version}."

    def done_url(self) -> str:
        """The new draft, once there is one."""
        made = getattr(self, "made", None)
        return str(made.link) if made is not None else super().done_url()


class Cancel(ReleaseAct):
    """`cancel/`: give the release up."""

    form_class = forms.MustReason
    name, title, label, icon = "cancel", "Cancel {version}?", "Cancel the release", "cross"
    kind, keep = "danger", "Keep the release"

    def effects(self, release: Release) -> list[str]:
        """It is an end."""
        return [
            "It is an end: a cancelled version is never reopened. Signatures no longer count.",
            "Whoever was told of the plan is told that it is off.",
        ]

    def perform(self, data: dict[str, Any]) -> str:
        """Cancel."""
        cancel.cancel(self.version, actor=self.actor, reason=data["reason"])
        return f"{self.version} is cancelled."


class Reopen(ReleaseAct):
    """`reopen/`: from no-go back to a draft."""

    form_class = forms.WithReason
    name, title, label, icon = "reopen", "Reopen {version}?", "Reopen", "reset"

    def effects(self, release: Release) -> list[str]:
        """It begins again."""
        return ["The release is a draft again. What staging proved counts only for the same content."]

    def perform(self, data: dict[str, Any]) -> str:
        """Reopen."""
        reopen.reopen(self.version, actor=self.actor, reason=data["reason"])
        return f"{self.version} is in preparation again."


class Replan(ReleaseAct):
    """`replan/`: freeze the plan of today."""

    name, title, label, icon = "replan", "Freeze a new plan for {version}?", "Freeze the new plan", "lock"

    def effects(self, release: Release) -> list[str]:
        """Signatures reset; what staging proved stays."""
        return ["New plan, new seal: every signature resets. What staging proved stays."]

    def perform(self, data: dict[str, Any]) -> str:
        """Replan."""
        replan.replan(self.version, actor=self.actor)
        return f"{self.version} has a new plan and a new seal; the roles are asked again."


class AskAgain(ReleaseAct):
    """`ask-again/`: the next round about the same seal."""

    name, title, label, icon = "ask-again", "Ask again for {version}?", "Ask again", "pen"

    def effects(self, release: Release) -> list[str]:
        """Under which rules, and what becomes of the signatures."""
        number = in_force().number
        return [
            f"The next round asks under version {number} of the approval policy, about the same seal.",
            "Every signature of this round resets, and a go with them. What staging proved stays.",
        ]

    def perform(self, data: dict[str, Any]) -> str:
        """Ask again."""
        ask_again.ask_again(self.version, actor=self.actor)
        return f"The roles are asked again for {self.version}."


class Rebase(ReleaseAct):
    """`rebase/`: build on what production runs now."""

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


def zones_of(user_zone: str) -> list[str]:
    """Zones a window can be given in: UTC, the reader's, the environments', the regions'."""
    environments = Environment.objects.filter(retired_at=None).values_list("zone", flat=True)
    return ["UTC", user_zone, *environments, *Region.objects.values_list("zone", flat=True)]
