"""The one true sentence about a release: what it is, what it waits for, and of whom.

A fixed number of queries for any number of releases. Read by pages, lists, the API and mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.roles import Role
from approvals.models import Gate
from deployments.models import DeploymentRun
from deployments.states import RunState
from events import clock
from releases.content import missing_components
from releases.models import Lessons, Release
from releases.queries.calendar import Frozen
from releases.queries.fact import listed, utc
from releases.queries.items import ItemStanding
from releases.queries.known import Known
from releases.states import ReleaseState
from releases.texts import ended


@dataclass(slots=True)
class _Known:
    """What the sentences of a set of releases rest on."""

    now: datetime
    components: list[str] = field(default_factory=list)
    runs: dict[int, DeploymentRun] = field(default_factory=dict)
    gates: dict[int, Gate] = field(default_factory=dict)
    validations: dict[int, list[ItemStanding]] = field(default_factory=dict)
    taught: set[int] = field(default_factory=set)
    held: dict[int, Frozen] = field(default_factory=dict)


def headline(release: Release) -> str:
    """The sentence of one release."""
    return headlines([release])[release.pk]


def headlines(releases: Iterable[Release], known: Known | None = None) -> dict[int, str]:
    """The sentences of many releases by their id; `known` is what the page has read of them already."""
    found = list(releases)
    rests_on = _know(found, known or Known())
    return {release.pk: SENTENCES[release.status](release, rests_on) for release in found}


def _know(releases: list[Release], shared: Known) -> _Known:
    known = _Known(clock.now())
    by_state: dict[ReleaseState, list[Release]] = {}
    for release in releases:
        by_state.setdefault(release.status, []).append(release)
    drafts = by_state.get(ReleaseState.DRAFT, [])
    if drafts:
        known.components = shared.components()
    staged = drafts + by_state.get(ReleaseState.STAGING, [])
    known.runs = _runs(staged, "staging_run") | _runs(
        by_state.get(ReleaseState.DEPLOYING, []), "production_run"
    )
    known.gates = shared.gates(by_state.get(ReleaseState.REVIEW, []))
    known.validations = shared.validations(by_state.get(ReleaseState.VALIDATING, []))
    known.held = shared.held(by_state.get(ReleaseState.APPROVED, []))
    back = [r.pk for r in by_state.get(ReleaseState.ROLLED_BACK, [])]
    if back:
        known.taught = set(Lessons.objects.filter(release_id__in=back).values_list("release_id", flat=True))
    return known


def _runs(releases: list[Release], name: str) -> dict[int, DeploymentRun]:
    """That run of each release by the run's id; read only where the page has not joined it."""
    joined = [release for release in releases if name in release._state.fields_cache]
    found = {run.pk: run for r in joined if (run := getattr(r, name)) is not None}
    wanted = {pk for r in releases if (pk := getattr(r, f"{name}_id")) is not None} - found.keys()
    return found | DeploymentRun.objects.defer("content", "plan").in_bulk(wanted) if wanted else found


def _draft(release: Release, known: _Known) -> str:
    missing = missing_components(release.content, known.components)
    run = known.runs.get(release.staging_run_id or 0)
    tail = f" Its last staging run: {run.sentence}" if run is not None else ""
    if missing:
        count = len(known.components)
        return f"A draft with {count - len(missing)} of {count} digests; {listed(missing)} to come.{tail}"
    return f"A draft, complete; it can be deployed to staging.{tail}"


def _staging(release: Release, known: _Known) -> str:
    run = known.runs.get(release.staging_run_id or 0)
    return f"On its way to staging: {run.sentence}" if run else "On its way to staging."


def _validating(release: Release, known: _Known) -> str:
    rows = known.validations.get(release.pk, [])
    waiting = [s.item.title for s in rows if not s.done]
    if waiting:
        done = len(rows) - len(waiting)
        return f"Runs on staging; {done} of {len(rows)} validations are recorded, {listed(waiting)} to come."
    return "Validated on staging; it can be submitted for sign-off."


def _review(release: Release, known: _Known) -> str:
    gate = known.gates.get(release.gate_id or 0)
    if gate is None:
        return "In review."
    requirements = list(gate.requirements.all())
    counts = {r.role: sum(s.role == r.role for s in gate.standing_signoffs) for r in requirements}
    missing = [Role(r.role).label for r in requirements if counts[r.role] < r.count]
    if missing:
        given = sum(min(counts[r.role], r.count) for r in requirements)
        asked = sum(r.count for r in requirements)
        return f"In review: {given} of {asked} signatures; {listed(missing)} to come."
    if release.window_end is None:
        return "Signed by every role; it waits for a window and the Release Manager's go."
    if known.now >= release.window_end:
        return "Signed by every role; its window is over, it waits for another and the Release Manager's go."
    return "Signed by every role; it waits for the Release Manager's go."


def _approved(release: Release, known: _Known) -> str:
    start, end = release.window_start, release.window_end
    if start is None or end is None:
        return "Approved."
    if known.now >= end:
        return f"Approved, but its window ended at {utc(end)}."
    opened = known.now >= start
    window = f"its window is open until {utc(end)}" if opened else f"its window opens at {utc(start)}"
    if (span := known.held.get(release.pk)) is not None:
        return f"Approved, but the freeze “{span.freeze.name}” holds it until {utc(span.end)}; {window}."
    return f"Approved; {window}, it waits to be started." if opened else f"Approved; {window}."


def _deploying(release: Release, known: _Known) -> str:
    run = known.runs.get(release.production_run_id or 0)
    if run is None:
        return "Deploying."
    if run.run_state == RunState.QUEUED:
        return f"Waits for its turn in production: {run.sentence}"
    return f"Deploying: {run.sentence}"


def _monitoring(release: Release, known: _Known) -> str:
    ends = release.monitoring_ends_at
    text = f"Serves all traffic; heightened monitoring until {utc(ends)}." if ends else "Serves all traffic."
    if release.extended_because:
        return f"{text} Extended: {release.extended_because}"
    return text


def _rolled_back(release: Release, known: _Known) -> str:
    text = (release.closing_reason or "Rolled back").rstrip(".") + "."
    if release.pk in known.taught:
        return f"{text} Cause and lessons are recorded."
    return f"{text} Cause and lessons are not recorded yet."


def _ended(release: Release, known: _Known) -> str:
    reason = f": {release.closing_reason}" if release.closing_reason else ""
    at = f" at {utc(release.ended_at)}" if release.ended_at else ""
    return f"{release.status.label}{at}{reason}".rstrip(".") + "."


def _rejected(release: Release, known: _Known) -> str:
    return f"Rejected: {ended(release.closing_reason or 'no-go')} A Release Manager can reopen it."


SENTENCES: dict[ReleaseState, Callable[[Release, _Known], str]] = {
    ReleaseState.DRAFT: _draft,
    ReleaseState.STAGING: _staging,
    ReleaseState.VALIDATING: _validating,
    ReleaseState.REVIEW: _review,
    ReleaseState.APPROVED: _approved,
    ReleaseState.DEPLOYING: _deploying,
    ReleaseState.MONITORING: _monitoring,
    ReleaseState.COMPLETED: _ended,
    ReleaseState.REJECTED: _rejected,
    ReleaseState.ROLLED_BACK: _rolled_back,
    ReleaseState.SUPERSEDED: _ended,
    ReleaseState.CANCELLED: _ended,
}
