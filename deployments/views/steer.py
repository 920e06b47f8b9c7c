"""Pause, resume, promote and abort, as pages: GET asks with the effect in numbers, POST does it.

In: a run's id. Out: one call of `deployments.services.steer` each. The same `Confirm`s are sheets
of the run's page. All of them work over plain HTTP, with the live connection down.
"""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.urls import reverse

from accounts.actors import Actor
from approvals.acts import Act, Confirm, refusal
from approvals.pages import ActPage
from approvals.policy import Action
from deployments.errors import RunNotFound
from deployments.forms import MustReason, WithReason
from deployments.models import DeploymentRun, TargetView
from deployments.queries import RunFacts
from deployments.services import steer
from deployments.states import RunKind, RunState
from deployments.views.words import told

FORWARD = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)


def get_run(pk: int) -> DeploymentRun:
    """The run with what its pages name; raises RunNotFound."""
    found = DeploymentRun.objects.select_related("environment", "blue", "proved_by").filter(pk=pk).first()
    if found is None:
        raise RunNotFound(f"There is no deployment {pk}.")
    return found


def weights_now(run: DeploymentRun) -> list[tuple[str, float | None]]:
    """Region by region the share of this run's colour as last seen in the targets; None when unseen."""
    seen = TargetView.objects.filter(
        target__environment=run.environment, target__retired_at=None
    ).select_related("target__region")
    by_region = {view.target.region.name: view for view in seen}
    return [(name, _share(by_region.get(name), run.slot)) for name in run.plan.get("regions", [])]


def weights_in(facts: RunFacts) -> list[tuple[str, float | None]]:
    """The same of facts that were read already."""
    return [(found.region, found.percent) for found in facts.regions]


def _share(view: TargetView | None, slot: str) -> float | None:
    if view is None or view.seen_at is None:
        return None
    return float(view.weights.get(slot, 0))


def abort_words(run: DeploymentRun) -> str:
    """What the control is called in this state."""
    return "Cancel the run" if run.traffic_at is None else "Abort and roll back"


def abort_effects(run: DeploymentRun, weights: list[tuple[str, float | None]]) -> list[str]:
    """What an abort does now, in numbers that were seen."""
    if run.traffic_at is None:
        return [
            f"{run.subject} has had no traffic in {run.environment.name}, so nothing has to go back.",
            "The run ends as cancelled and its colour is taken down.",
        ]
    carried = [f"{share:g} % of {name}" for name, share in weights if share]
    unseen = [name for name, share in weights if share is None]
    goes_to = f"blue {run.blue.subject}" if run.blue else "nothing: this was a first deployment"
    effects = [
        f"All traffic of {len(weights)} region{'' if len(weights) == 1 else 's'} goes to {goes_to} at once."
    ]
    effects.append(
        f"Green {run.subject} carries {' and '.join(carried)} now."
        if carried
        else "Green carries nothing now."
    )
    if unseen:
        effects.append(f"Not seen yet, so their share is not known: {', '.join(unseen)}.")
    effects.append("The database stays as it is. Forward again needs new signatures.")
    return effects


def abort_confirm(run: DeploymentRun, weights: list[tuple[str, float | None]] | None = None) -> Confirm:
    """The question before an abort: one press and this one confirm. `weights` as they were read already."""
    cancels = run.traffic_at is None
    return Confirm(
        id="abort",
        title=f"{'Cancel' if cancels else 'Roll back'} {run.subject}?",
        effects=abort_effects(run, weights_now(run) if weights is None else weights),
        label="Cancel the run" if cancels else "Roll back now",
        url=reverse("deployments:abort", args=[run.pk]),
        icon="back",
        kind="danger",
        keep="Keep going",
        keep_url=reverse("deployments:run", args=[run.pk]),
        form=WithReason(prefix=None, auto_id="abort_%s"),
    )


def promote_confirm(run: DeploymentRun) -> Confirm:
    """The question before a promotion; its reason is asked for."""
    return Confirm(
        id="promote",
        title="Promote now?",
        effects=[
            "The wait of this step ends now and the next step begins.",
            "It skips time, never a verdict: limits are judged on the requests seen so far.",
        ],
        label="Promote now",
        url=reverse("deployments:promote", args=[run.pk]),
        icon="next",
        keep="Keep waiting",
        keep_url=reverse("deployments:run", args=[run.pk]),
        form=MustReason(auto_id="promote_%s"),
    )


def controls(actor: Actor, run: DeploymentRun) -> list[Act]:
    """What can be pressed in this state, each with the reason why not, for this person."""
    acts = []
    state = run.run_state
    if run.run_kind == RunKind.DEPLOY and state == RunState.RUNNING:
        acts.append(_pause(actor, run))
        acts.append(_promote(actor, run))
    elif state == RunState.PAUSED:
        acts.append(_resume(actor, run))
    if run.run_kind == RunKind.DEPLOY and (state in FORWARD or run.way_back_open):
        refused = refusal(actor, Action.ABORT)
        acts.append(
            Act(
                "abort",
                abort_words(run),
                reverse("deployments:abort", args=[run.pk]),
                "back",
                "danger",
                refused,
                asks=True,
                hint=abort_effects(run, [(name, None) for name in run.plan.get("regions", [])])[0],
            )
        )
    return acts


def _pause(actor: Actor, run: DeploymentRun) -> Act:
    return Act(
        "pause",
        "Pause",
        reverse("deployments:pause", args=[run.pk]),
        "pause",
        refused=refusal(actor, Action.PAUSE),
        hint="Traffic stays where it is. Limits are still watched.",
    )


def _resume(actor: Actor, run: DeploymentRun) -> Act:
    return Act(
        "resume",
        "Resume",
        reverse("deployments:resume", args=[run.pk]),
        "play",
        "primary",
        refusal(actor, Action.PAUSE),
        hint="The run goes on from where it stands.",
    )


def _promote(actor: Actor, run: DeploymentRun) -> Act:
    return Act(
        "promote",
        "Promote now",
        reverse("deployments:promote", args=[run.pk]),
        "next",
        refused=refusal(actor, Action.PROMOTE),
        asks=True,
        hint="Ends the wait early. You give a reason.",
    )


class Steering(ActPage):
    """Common to the four: the run, and back to its page."""

    form_class: type[Form] = WithReason

    @property
    def run(self) -> DeploymentRun:
        """The run that the address names."""
        return get_run(self.kwargs["pk"])

    def stands(self) -> str:
        """The run's own sentence."""
        return told(self.run)

    def done_url(self) -> str:
        """The run's page."""
        return reverse("deployments:run", args=[self.kwargs["pk"]])


class Pause(Steering):
    """`/deployments/<pk>/pause/`."""

    def confirm(self) -> Confirm:
        """What a pause does."""
        run = self.run
        return Confirm(
            "pause",
            f"Pause {run.subject}?",
            ["Traffic stays where it is. Limits are still watched, and the way back stays open."],
            "Pause",
            reverse("deployments:pause", args=[run.pk]),
            "pause",
            keep="Keep going",
            keep_url=self.done_url(),
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Ask the engine to hold forward moves."""
        run = steer.pause(self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        return f"{run.subject} is paused. Traffic stays where it is; limits are still watched."


class Resume(Steering):
    """`/deployments/<pk>/resume/`."""

    def confirm(self) -> Confirm:
        """What going on does."""
        run = self.run
        return Confirm(
            "resume",
            f"Resume {run.subject}?",
            ["The run goes on from where it stands."],
            "Resume",
            reverse("deployments:resume", args=[run.pk]),
            "play",
            keep="Stay paused",
            keep_url=self.done_url(),
        )

    def perform(self, data: dict[str, Any]) -> str:
        """Let forward moves go on."""
        run = steer.resume(self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        return f"{run.subject} goes on."


class Promote(Steering):
    """`/deployments/<pk>/promote/`."""

    form_class = MustReason

    def confirm(self) -> Confirm:
        """What a promotion does."""
        return promote_confirm(self.run)

    def perform(self, data: dict[str, Any]) -> str:
        """Skip the rest of the wait."""
        run = steer.promote(self.kwargs["pk"], actor=self.actor, reason=data["reason"])
        return f"The wait ends early. {run.sentence}"


class Abort(Steering):
    """`/deployments/<pk>/abort/`."""

    def confirm(self) -> Confirm:
        """What an abort does, in numbers."""
        return abort_confirm(self.run)

    def perform(self, data: dict[str, Any]) -> str:
        """Stop the run; after any weight, go back at once."""
        reason = data["reason"] or "no reason given"
        run = steer.abort(self.kwargs["pk"], actor=self.actor, reason=reason)
        return f"Abort taken. {run.sentence}"
