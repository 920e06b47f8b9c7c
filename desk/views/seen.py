"""What the board and every page's shell show to all readers alike, read once for all of them.

In: nothing. Out: `board()` and `shell()`, kept as `events.recent` says; the releases among it are read once
for both and may be twice as old. Readers' own parts (what waits for them, what they may press) are made from
it, with one small query for their drafts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from accounts.queries import labels
from approvals import stops
from approvals.models import EmergencyStop
from deployments import queries as deployments
from deployments.models import DeploymentRun
from deployments.views import measures, traffic
from desk.views.live import Matrix, Moving, matrix, moving, moving_runs
from events import clock
from events.recent import Recent
from releases import queries as releases
from releases.models import Release
from releases.states import ENDS, ReleaseState

IN_FLIGHT = 12
AHEAD = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Flight:
    """One release on its way, with the sentence of what it is and waits for."""

    release: Release
    headline: str
    state: str


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the agenda: a window, the end of monitoring, or a freeze."""

    start: datetime
    end: datetime | None
    title: str
    note: str
    link: str
    frost: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """The run that moves the last environment now, as the deployment page tells of it."""

    run: DeploymentRun
    facts: deployments.RunFacts
    starter: str
    traffic: list[traffic.RegionTraffic]
    rows: list[Any]
    rows_region: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Interest:
    """Releases that concern everybody, with what is known of them."""

    found: list[Release]
    known: releases.Known


@dataclass(frozen=True, slots=True)
class Seen:
    """The board but for its reader's own parts."""

    interest: Interest
    matrix: Matrix
    flight: list[Flight]
    going: Going | None
    agenda: list[Planned]


@dataclass(frozen=True, slots=True)
class Around:
    """The shell but for its reader's own parts."""

    interest: Interest
    moving: Moving | None
    stops: list[EmergencyStop]


def _board() -> Seen:
    interest = _interests.get()
    runs = moving_runs()
    shown, flight = matrix(runs), in_flight(interest)
    return Seen(interest, shown, flight, going_live(runs), agenda(flight, shown))


def _around() -> Around:
    return Around(_interests.get(), moving(), stops.in_force())


def _interest() -> Interest:
    found = releases.of_interest(drafts=IN_FLIGHT)
    return Interest(found, releases.know(found))


_interests, _boards, _shells = Recent(_interest), Recent(_board), Recent(_around)


def board() -> Seen:
    """As everybody sees it."""
    return _boards.get()


def shell() -> Around:
    """What stands around every page."""
    return _shells.get()


def in_flight(interest: Interest) -> list[Flight]:
    """The releases that are not at an end, those with the nearest window first."""
    flying = [release for release in interest.found if release.status not in ENDS][:IN_FLIGHT]
    said = releases.headlines(flying, interest.known)
    return [Flight(release, said[release.pk], _shown(release)) for release in flying]


def _shown(release: Release) -> str:
    ahead = release.window_start is not None and release.window_start > clock.now()
    return "scheduled" if release.status == ReleaseState.APPROVED and ahead else str(release.state)


def going_live(runs: list[DeploymentRun]) -> Going | None:
    """What moves the last environment, of the runs of `moving_runs`."""
    run = next((run for run in runs if run.needs_proof), None)
    if run is None:
        return None
    steps = deployments.steps_of(run)
    facts = deployments.run_facts(run)
    left = facts.next_step_in_seconds
    return Going(
        run=run,
        facts=facts,
        starter=labels([run.started_by])[run.started_by],
        traffic=traffic.regions(run, facts, steps, []),
        rows=[row for region in facts.regions[:1] for row in measures.limit_rows(region.rows)],
        rows_region=facts.regions[0].region if facts.regions else "",
        next_at=None if left is None else clock.now() + timedelta(seconds=left),
    )


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
