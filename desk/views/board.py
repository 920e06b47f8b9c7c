"""The board: is production well, what is moving, what waits for me?

In: nothing. Out: desk/board.html. Everything on it comes from the rooms' queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.actors import Actor
from accounts.queries import labels
from approvals.acts import Act, Confirm, refusal
from approvals.pages import PolicyPage
from approvals.policy import Action
from deployments import queries as deployments
from deployments.models import DeploymentRun
from deployments.views import measures, steer, traffic
from desk.views.environments import sentence as live_sentence
from desk.views.live import Matrix, matrix, moving_runs
from events import clock
from releases import queries as releases
from releases.models import Release
from releases.states import ENDS, ReleaseState

IN_FLIGHT = 12
AHEAD = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the agenda: a window, the end of monitoring, or a freeze."""

    start: datetime
    end: datetime | None
    title: str
    note: str
    link: str
    frost: bool = False


class Board(PolicyPage):
    """`/`."""

    action = Action.READ_RELEASES

    def get(self, request: HttpRequest) -> HttpResponse:
        """The board for this reader."""
        found, known = releases.of_interest(self.actor, drafts=IN_FLIGHT), releases.Known()
        waiting = releases.waiting_among(self.actor, found, known)
        flight = in_flight(found, known)
        moving = moving_runs()
        shown = matrix(moving)
        going = going_live(self.actor, moving)
        new_act = self._new()
        planned = agenda(flight, shown)
        context: dict[str, Any] = {
            "sentence": sentence(going, len(waiting), live_sentence(shown), bool(flight)),
            "today": clock.now(),
            "going": going,
            "waiting": waiting,
            "matrix": shown,
            "flight": flight,
            "agenda": planned,
            "next": next((item for item in planned if not item.frost), None),
            "new_act": new_act,
            "new_first": replace(new_act, id="new-first"),
        }
        return render(request, "desk/board.html", context)

    def _new(self) -> Act:
        refused = refusal(self.actor, Action.CREATE_RELEASE)
        return Act("new", "New release", reverse("releases:new"), "plus", asks=True, refused=refused)


@dataclass(frozen=True, slots=True)
class Flight:
    """One release on its way, with the sentence of what it is and waits for."""

    release: Release
    headline: str
    state: str


def in_flight(found: Sequence[Release], known: releases.Known) -> list[Flight]:
    """Of what was found, the releases that are not at an end, those with the nearest window first."""
    flying = [release for release in found if release.status not in ENDS][:IN_FLIGHT]
    said = releases.headlines(flying, known)
    return [Flight(release, said[release.pk], _shown(release)) for release in flying]


def _shown(release: Release) -> str:
    ahead = release.window_start is not None and release.window_start > clock.now()
    return "scheduled" if release.status == ReleaseState.APPROVED and ahead else str(release.state)


def going_live(actor: Actor, moving: list[DeploymentRun]) -> dict[str, Any] | None:
    """The run that moves the last environment now, as the deployment page tells of it."""
    run = next((run for run in moving if run.needs_proof), None)
    if run is None:
        return None
    steps = deployments.steps_of(run)
    facts = deployments.run_facts(run)
    rows = [row for region in facts.regions[:1] for row in measures.limit_rows(region.rows)]
    controls: list[Act] = steer.controls(actor, run)
    aborts = any(act.id == "abort" and not act.refused for act in controls)
    sheets: list[Confirm] = [steer.abort_confirm(run, steer.weights_in(facts))] if aborts else []
    return {
        "run": run,
        "facts": facts,
        "starter": labels([run.started_by])[run.started_by],
        "traffic": traffic.regions(run, facts, steps, []),
        "rows": rows,
        "rows_region": facts.regions[0].region if facts.regions else "",
        "controls": [control for control in controls if control.id != "promote"],
        "sheets": sheets,
        "next_at": clock.now() + timedelta(seconds=facts.next_step_in_seconds)
        if facts.next_step_in_seconds is not None
        else None,
    }


def agenda(flight: list[Flight], shown: Matrix) -> list[Planned]:
    """Windows, ends of monitoring and freezes ahead, soonest first."""
    now = clock.now()
    planned = [found for item in flight for found in _of_release(item.release, now)]
    for span in releases.frozen(now, now + AHEAD, environment=shown.production, kind=""):
        planned.append(
            Planned(
                span.start, span.end, span.freeze.name, span.freeze.reason, reverse("releases:freezes"), True
            )
        )
    return sorted(planned, key=lambda item: item.start)[:8]


def _of_release(release: Release, now: datetime) -> list[Planned]:
    found = []
    start, end = release.window_start, release.window_end
    before = release.status in (ReleaseState.REVIEW, ReleaseState.APPROVED, ReleaseState.VALIDATING)
    if start and end and end > now and (before or release.status == ReleaseState.DRAFT):
        kind = release.get_kind_display()
        found.append(
            Planned(start, end, f"{release.version}: {kind.lower()} window", release.title, release.link)
        )
    if release.status == ReleaseState.MONITORING and release.monitoring_ends_at:
        ends = release.monitoring_ends_at
        found.append(Planned(ends, None, f"{release.version}: monitoring ends", release.title, release.link))
    return found


def sentence(going: dict[str, Any] | None, waiting: int, live: str, flight: bool) -> str:
    """The one sentence of the board, from what is seen."""
    if going is not None:
        run = going["run"]
        words = {"paused": "is paused on its way live", "rolling_back": "is being rolled back"}
        first = f"{run.subject} {words.get(run.state, 'is going live')}."
    else:
        first = live if live or not flight else "Nothing moves."
    mine = {0: "Nothing waits for you.", 1: "One thing waits for you."}.get(
        waiting, f"{waiting} things wait for you."
    )
    return f"{first} {mine}"
