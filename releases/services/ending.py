"""How a started release ends: monitoring, completed, rolled back, superseded. Called by `advance`.

Heightened monitoring (strategy, "Post-Deployment" 5) ends by itself when its time is over, the last
verdict of every region is pass and nothing is open; else it is extended and says why.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from approvals import stops
from compliance import queries as compliance
from compliance.states import OPEN
from deployments import queries as deployments
from deployments.models import DeploymentRun
from deployments.services import closing, locks
from deployments.states import ACTIVE, RunKind, RunState
from events import clock
from releases.models import Release
from releases.services import observing
from releases.services.keeping import PORTAL, keep, moment

SHORTEST, LONGEST = timedelta(seconds=20), timedelta(hours=1)
"""Bounds of one extension, which is else an eighth of the monitoring time."""


def begin_monitoring(release: Release, run: DeploymentRun) -> None:
    """All traffic is on green; blue stays at full size while people watch."""
    before = release.status
    release.monitor()
    length = timedelta(seconds=(release.plan or {})["monitoring_seconds"])
    release.monitoring_ends_at = (run.ended_at or clock.now()) + length
    release.extended_because = ""
    production = run.environment
    found = observing.check(release, production)
    keep(
        release,
        "release.monitoring",
        PORTAL.id,
        before={"state": before},
        after={"state": release.status, "ends": moment(release.monitoring_ends_at)},
        data={"run": run.pk, "findings": {f.check_name: str(f.verdict) for f in found}},
    )


def roll_back(release: Release, run: DeploymentRun) -> None:
    """Traffic is back on blue: an end for this version, and a lock until cause and lessons are recorded."""
    before = release.status
    production = run.environment
    release.roll_back()
    release.closing_reason = run.sentence
    if deployments.open_lock(production) is None:
        locks.lock(
            production,
            reason=f"{release.version} was rolled back; cause and lessons are not recorded yet.",
            release_label=release.version,
            actor=PORTAL,
            stream=release.stream,
        )
    _keep_end(release, "release.rolled_back", before, run)


def watch_monitoring(release: Release) -> None:
    """Follow the run, and end or extend monitoring when its time is over."""
    run = release.production_run
    assert run is not None
    if run.run_state == RunState.ROLLED_BACK:
        roll_back(release, run)
    elif run.run_state != RunState.SUCCEEDED:
        return
    elif run.closed_at is not None and deployments.serving(run.environment) != run:
        _supersede(release, run)
    elif release.monitoring_ends_at is not None and clock.now() < release.monitoring_ends_at:
        observing.check_when_due(release, run.environment)
    else:
        _end_or_extend(release, run)


def _supersede(release: Release, run: DeploymentRun) -> None:
    before = release.status
    release.supersede()
    serving = deployments.serving(run.environment)
    release.closing_reason = f"{serving.subject if serving else 'Another release'} took over as an emergency."
    _keep_end(release, "release.superseded", before, run)


def _end_or_extend(release: Release, run: DeploymentRun) -> None:
    observing.check(release, run.environment)
    points = open_points(release, run)
    if points:
        _extend(release, " ".join(points))
        return
    before = release.status
    closing.close(run.pk, actor=PORTAL)
    release.complete()
    release.closing_reason = ""
    release.extended_because = ""
    _keep_end(release, "release.completed", before, run)


def open_points(release: Release, run: DeploymentRun) -> list[str]:
    """What keeps monitoring from ending, as sentences."""
    points = [
        f"The last verdict of {region} is {run.verdicts.get(region, {}).get('verdict', 'not there yet')}."
        for region in run.plan["regions"]
        if run.verdicts.get(region, {}).get("verdict") != "pass"
    ]
    points += [f.sentence for f in compliance.newest(release.stream) if f.verdict in OPEN]
    stop = stops.stop_of(run.environment.name)
    if stop is not None:  # completing closes the way back, and a stop keeps it open
        points.append(stops.in_words(stop))
    on_top = run.environment.runs.filter(kind=RunKind.DEPLOY, state__in=ACTIVE).exclude(pk=run.pk)
    points += [f"{other.subject} is under way on top of it." for other in on_top]
    return points


def _extend(release: Release, because: str) -> None:
    length = timedelta(seconds=(release.plan or {})["monitoring_seconds"]) / 8
    before = {"ends": moment(release.monitoring_ends_at)}
    release.monitoring_ends_at = clock.now() + min(max(length, SHORTEST), LONGEST)
    release.extended_because = because
    keep(
        release,
        "release.monitoring_extended",
        PORTAL.id,
        before=before,
        after={"ends": moment(release.monitoring_ends_at)},
        reason=because,
    )


def _keep_end(release: Release, kind: str, before: Any, run: DeploymentRun) -> None:
    keep(
        release,
        kind,
        PORTAL.id,
        before={"state": before},
        after={"state": release.status},
        reason=release.closing_reason,
        data={"run": run.pk},
    )
