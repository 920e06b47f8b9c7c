"""The deployment page: what runs, whether green is as good as blue, and the way back.

In: a run's id. Out: deployments/run.html, and all its panels at once for the live page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.actors import Actor
from accounts.queries import labels
from approvals.acts import Act, Confirm
from approvals.pages import PolicyPage, count_as_activity
from approvals.policy import Action
from deployments import queries
from deployments.models import DeploymentRun, ProgressHead
from deployments.states import ACTIVE, RunKind, RunState
from deployments.views import log, measures, stays, steer, steps, traffic, words
from events import clock


@dataclass(frozen=True, slots=True)
class Told:
    """One figure of the run bar: since, until, or words."""

    label: str
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What is unusual about the run now."""

    tone: str
    icon: str
    title: str
    sentences: tuple[str, ...] = field(default=())


class RunPage(PolicyPage):
    """`/deployments/<pk>/`."""

    action = Action.READ_DEPLOYMENTS
    template_name = "deployments/run.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page, or its panels."""
        run = steer.get_run(pk)
        context = {"run": run, "view": run_view(run, self.actor, request), "oob": False}
        return render(request, self.template_name, context)


class RunPanels(RunPage):
    """`/deployments/<pk>/panels/`: asked for at most once a second while the run moves."""

    template_name = "deployments/_panels.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All panels; while the run moves, watching it counts as using the portal."""
        response = super().get(request, pk)
        if DeploymentRun.objects.filter(pk=pk, state__in=ACTIVE).exists():
            count_as_activity(request)
            response.headers["X-Portal-Active"] = "1"
        return response


def run_view(run: DeploymentRun, actor: Actor, request: HttpRequest) -> dict[str, Any]:
    """Everything that the page shows. The head is read first, so that no line falls between."""
    after = ProgressHead.objects.filter(run=run).values_list("seq", flat=True).first() or 0
    listed = queries.steps_of(run)
    facts = queries.run_facts(run)
    samples = queries.samples(run) if run.traffic_at else []
    names = [region.region for region in facts.regions]
    wanted = request.GET.get("region", "")
    region = wanted if wanted in names else _worst_region(facts, names)
    controls = steer.controls(actor, run)
    lines = log.log_view(run, request.GET)
    shown = lines.lines[-1].seq if lines.lines else 0
    return {
        "after": max(after, shown),
        "sentence": words.told(run),
        "lede": _lede(run),
        "moves": run.run_kind == RunKind.DEPLOY,
        "blue": run.blue.subject if run.blue and run.run_kind == RunKind.DEPLOY else "",
        "starter": labels([run.started_by])[run.started_by],
        "banner": _banner(run, facts),
        "facts": _facts(run, facts),
        "controls": controls,
        "sheets": _sheets(run, controls, facts),
        "ticks": steps.ticks(listed),
        "ticks_label": steps.ticks_label(listed),
        "groups": steps.groups(run, listed),
        "steps_words": steps.words(listed),
        "promise": _promise(run),
        "stays": stays.told(run, listed),
        "traffic": traffic.regions(run, facts, listed, samples),
        "traffic_empty": _traffic_empty(run),
        "regions": names,
        "region": region,
        "charts": measures.charts(run, samples, region),
        **_limits(run, facts, region),
        "log": lines,
    }


def _worst_region(facts: queries.RunFacts, names: list[str]) -> str:
    """The region to look at first: a bad one, else where the run is now, else the first."""
    ranked = ("fail", "error")
    for word in ranked:
        for region in facts.regions:
            if region.verdict == word:
                return region.region
    here = facts.step.region if facts.step is not None else ""
    return here if here in names else names[0] if names else ""


def _limits(run: DeploymentRun, facts: queries.RunFacts, region: str) -> dict[str, Any]:
    found = next((r for r in facts.regions if r.region == region), None)
    rows = measures.limit_rows(found.rows) if found else []
    age = found.verdict_age_seconds if found else None
    kept = sum(row.verdict == "pass" for row in rows)
    counted = f"{kept} of {len(rows)} limits kept in {region}" if rows else ""
    return {
        "limits": rows,
        "limits_sentence": found.verdict_sentence if found else "",
        "limits_at": clock.now() - timedelta(seconds=age) if age is not None else None,
        "limits_empty": _limits_empty(run),
        "verdict": {"state": found.verdict, "words": counted} if found and found.verdict and rows else None,
    }


def _facts(run: DeploymentRun, facts: queries.RunFacts) -> list[Told]:
    shown = []
    if run.started_at is None:
        shown.append(Told("Waiting for", since=run.queued_at))
    elif run.run_state in ACTIVE:
        shown.append(Told("Running for", since=run.started_at))
    elif facts.elapsed_seconds is not None:
        shown.append(Told("Took", text=_clock_words(facts.elapsed_seconds)))
    if facts.next_step_in_seconds is not None:
        until = clock.now() + timedelta(seconds=facts.next_step_in_seconds)
        shown.append(Told("Next step in", until=until, strong=True))
    if run.run_state in ACTIVE:
        shown.append(Told("Steps done", text=f"{facts.steps_done} of {facts.steps_total}"))
    if facts.percent is not None and run.traffic_at and (run.run_state in ACTIVE or run.way_back_open):
        shown.append(Told("On green", text=f"{facts.percent} %"))
    if facts.closes_in_seconds is not None:
        shown.append(Told("Way back open for", until=run.retained_until))
    return shown


def _clock_words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _sheets(run: DeploymentRun, controls: list[Act], facts: queries.RunFacts) -> list[Confirm]:
    open_acts = {act.id for act in controls if act.asks and not act.refused}
    sheets = [steer.abort_confirm(run, steer.weights_in(facts))] if "abort" in open_acts else []
    return [*sheets, steer.promote_confirm(run)] if "promote" in open_acts else sheets


def _banner(run: DeploymentRun, facts: queries.RunFacts) -> Banner | None:
    reason = (f"Reason: {run.reason}",) if run.reason else ()
    if run.run_state == RunState.PAUSED:
        return Banner("watch", "pause", "Paused.", ("Traffic stays where it is. Limits are still watched.",))
    if run.run_state == RunState.ROLLING_BACK:
        return Banner("bad", "back", "Rolling back.")
    if run.run_state == RunState.ROLLED_BACK:
        return Banner("bad", "back", "Why it went back", (words.because(run),))
    if run.run_state == RunState.FAILED:
        return Banner("bad", "cross", "Failed before any traffic moved.")
    if run.clearance_sentence and run.run_state == RunState.RUNNING:
        return Banner("watch", "pause", "Forward moves hold.", (run.clearance_sentence,))
    if run.run_state == RunState.RUNNING and traffic.holding(facts):
        return Banner("watch", "clock", "Holding: the verdict is open.", ("Traffic stays where it is.",))
    if run.emergency:
        return Banner("watch", "alert", "Emergency run.", reason)
    return None


def _lede(run: DeploymentRun) -> str:
    kind = run.release_kind.capitalize() if run.release_kind else "Release"
    kind = {"Bugfix": "Bug fix"}.get(kind, kind)
    if run.run_kind == RunKind.RETIRE:
        return f"This run takes an old colour down in {run.environment.name}."
    return f"{kind} deployment in {run.environment.name}."


def _promise(run: DeploymentRun) -> str:
    """What the plan says of going back; nothing that it does not say."""
    if run.run_kind == RunKind.RETIRE or run.plan.get("kind") != "blue_green":
        return ""
    if run.plan.get("irreversible"):
        return "A migration cannot be undone: nothing goes back by itself after it."
    return "Goes back by itself when a limit is surely broken, before and after 100 %."


def _limits_empty(run: DeploymentRun) -> tuple[str, str]:
    """Why no limit was judged: a heading and a sentence."""
    if run.run_kind == RunKind.RETIRE:
        return "No limits here", "This run takes an old colour down; it moves no traffic."
    if run.plan.get("kind") != "blue_green":
        return "No limits here", "This run moves all traffic in one step; no limit is judged on the way."
    if run.run_state in (*ACTIVE, RunState.QUEUED) or run.way_back_open:
        return (
            "Nothing measured yet",
            "Limits are judged from requests that green has served; it has served none yet.",
        )
    return "Nothing was measured", "Green had served no request that a limit could be judged on."


def _traffic_empty(run: DeploymentRun) -> str:
    if run.run_kind == RunKind.RETIRE:
        return "This run takes an old colour down; it moves no traffic."
    if run.run_state in (RunState.FAILED, RunState.CANCELLED):
        return "This run ended before green got any traffic."
    return "Green gets its first share once it is started and validated."
