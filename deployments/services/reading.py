"""A run's rows as the frozen values that the pure plan decides on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deployments import queries
from deployments.errors import ContentInvalid
from deployments.models import DeploymentRun, RunStep
from deployments.plan.views import RunView, StepView
from deployments.services import content
from deployments.services.clearance import held_by_clearance
from deployments.services.stopping import stopped
from deployments.services.targets import live_targets
from deployments.states import RunKind, StepState
from events.models import Event

UNREAD = ("proved_by__content", "proved_by__plan", *(
    f"{name}__{field}" for name in ("blue", "retires", "proved_by") for field in ("verdicts", "memory")
))  # fmt: skip
"""Large fields of a run's neighbours that no look reads."""


def load(run_id: int) -> DeploymentRun:
    """The run with what a look needs of its neighbours; read without a lock."""
    near = DeploymentRun.objects.select_related("environment", "blue", "retires", "proved_by")
    return near.defer(*UNREAD).order_by().get(pk=run_id)


def view_of(run: DeploymentRun) -> RunView:
    """The run as it stands."""
    steps = _steps(run)
    checking = _checking(steps)
    return RunView(
        state=run.run_state,
        green=run.slot,
        blue=run.blue.slot if run.blue else None,
        plan=run.plan,
        steps=steps,
        data_class=run.environment.data_class,
        held=held_by_clearance(run),
        stopped=stopped(run.environment.name),
        problems=tuple(_problems(run)) if checking else (),
        artifacts=content.artifacts(run),
        has_background=content.has_background(run) or content.has_background(run.blue),
        migrations=tuple(content.migrating(run, content.EXPANDING, "migrate_expand", run.blue)),
        contracts=tuple(_contracts(run)),
        smokes=tuple(n for n, e in run.content["components"].items() if "smoke" in content.jobs_of(e)),
        drain_seconds=content.drain_seconds(run.retires or run),
        retire_slot=_retire_slot(run),
        previewed=_previewed(run) if checking and run.needs_proof else {},
        accepted_marks=run.memory.get("accepted_marks", {}),
        compared=_compared(run),
    )


def after_moves(view: RunView, run: DeploymentRun) -> RunView:
    """The view once moves of this very transaction were written, in which nobody else can change the run.

    Whoever stops or holds a run locks its row first, so what was read at the beginning still holds.
    """
    steps = _steps(run)
    return view_of(run) if _checking(steps) else replace(view, steps=steps)


def _steps(run: DeploymentRun) -> tuple[StepView, ...]:
    return tuple(_step(step) for step in queries.steps_of(run) if step.group != "return")


def _checking(steps: tuple[StepView, ...]) -> bool:
    """Only while the first step runs is it asked what is wrong with the run itself."""
    return bool(steps) and steps[0].state == StepState.RUNNING


def _step(step: RunStep) -> StepView:
    return StepView(
        ordinal=step.ordinal,
        kind=step.kind,
        title=step.title,
        region=step.region,
        weight=step.weight,
        bake_seconds=int(step.data.get("bake_seconds", 0)),
        state=step.step_state,
        started_at=step.started_at,
        data=step.data,
    )


def _compared(run: DeploymentRun) -> bool:
    """Is there another colour that is counted by itself? What was taken over may be counted under none."""
    return run.blue is not None and run.blue.slot != run.slot and not run.blue.plan.get("adopted")


def _previewed(run: DeploymentRun) -> dict[str, str]:
    """What the signers of this content saw of each region, as fingerprints."""
    newest = Event.objects.filter(stream=run.stream, kind="release.previewed").order_by("-seq")[:5]
    seen = next((event for event in newest if event.data["seal"] == run.seal), None)
    regions: dict[str, Any] = seen.data["regions"] if seen is not None else {}
    return {region: told["fingerprint"] for region, told in regions.items() if told.get("fingerprint")}


def _problems(run: DeploymentRun) -> list[str]:
    """What is wrong before any target is asked."""
    found = [*wrong_content(run), *_wrong_targets(run), *_wrong_base(run)]
    if run.needs_proof and (run.proved_by is None or run.proved_by.content_hash != run.content_hash):
        found.append("No run of the environment before proves this content.")
    return found


def wrong_content(run: DeploymentRun) -> list[str]:
    """What is wrong with what the run brings; worked out once, for it never changes."""
    if run.content_problems is None:
        run.content_problems = _wrong_content(run)
    return run.content_problems


def _wrong_content(run: DeploymentRun) -> list[str]:
    found = []
    try:
        content.check_content(run.content, run.content_hash)
    except ContentInvalid as error:
        found.append(error.detail)
    without = content.without_job(run, frozenset({"expand", "irreversible"}), "migrate_expand", run.blue)
    if without:
        found.append(
            f"These components declare a migration but bring no migrate_expand job: {', '.join(without)}."
        )
    return found


def _wrong_targets(run: DeploymentRun) -> list[str]:
    """Every region of the plan has a live target that holds this environment's kind of data."""
    found, targets = [], live_targets(run.environment)
    for region in run.plan["regions"]:
        target = targets.get(region)
        if target is None:
            found.append(f"{run.environment.name} has no target in {region} any more.")
        elif target.data_class != run.environment.data_class:
            found.append(
                f"The target in {region} is for {target.data_class} data, {run.environment.name} holds "
                f"{run.environment.data_class} data."
            )
    return found


def _wrong_base(run: DeploymentRun) -> list[str]:
    """Production runs what this was built on; else somebody's change would be undone unseen."""
    if not run.needs_proof or run.in_place:
        return []
    if bool(run.plan["first"]) != (run.blue is None):
        there = run.blue.subject if run.blue else "nothing"
        return [f"The plan was made for another start: {there} serves in {run.environment.name}; replan."]
    base = run.content.get("base")
    if not isinstance(base, dict) or "content_hash" not in base:
        return []
    if base["content_hash"] == (run.blue.content_hash if run.blue else None):
        return []
    there = run.blue.subject if run.blue else "nothing"
    return [f"Built on {base.get('version') or 'nothing'}, {run.environment.name} runs {there}: rebase."]


def _retire_slot(run: DeploymentRun) -> str:
    """The slot that a retire run takes down; empty while another run still needs it."""
    if run.run_kind != RunKind.RETIRE or run.retires is None:
        return ""
    needed = {run.environment.serving.slot} if run.environment.serving else set()
    for other in queries.unclosed_runs(run.environment).select_related("blue"):
        needed |= {other.slot} | ({other.blue.slot} if other.blue else set())
    return "" if run.retires.slot in needed else run.retires.slot


def _contracts(run: DeploymentRun) -> list[str]:
    """Components to contract, once what read the old shape of the database is gone.

    All that bring the job, also those that serve longer: an emergency may have passed their contract by,
    and a migration that has run does nothing.
    """
    if run.run_kind != RunKind.RETIRE or run.retires is None:
        return []
    kept = not _retire_slot(run) and run.retires_id != run.pk and run.retires.slot != run.slot
    if kept:
        return []
    return content.migrating(run, content.EXPANDING, "migrate_contract", None)
