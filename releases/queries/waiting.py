"""What waits for one person: stops, reviews, signatures, decisions, validations, starts, lessons.

A fixed number of queries, whatever the number of releases. Read by "for you" and the board.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from accounts.actors import Actor
from approvals import queries as approvals
from approvals.policy import Action, may
from approvals.states import GateState
from deployments.states import RunState
from events import clock
from releases.content import missing_components
from releases.models import Lessons, Release
from releases.queries.fact import listed, utc
from releases.queries.known import Known
from releases.queries.urgent import Waiting, urgent_for
from releases.states import ENDS, ReleaseState

SOON = timedelta(hours=24)
OWN_DRAFTS = """
SELECT id FROM releases_release WHERE state = 'draft' AND created_by = %s UNION
SELECT id FROM releases_release WHERE state = 'draft'
    AND id IN (SELECT release_id FROM releases_author WHERE user_id = %s)"""
ByState = dict[ReleaseState, list[Release]]
UNDER_WAY = [state for state in ReleaseState if state not in (*ENDS, ReleaseState.DRAFT)]


def for_person(actor: Actor) -> list[Waiting]:
    """Everything that this person can do now, the most pressing first."""
    return waiting_among(actor, of_interest(), Known())


def of_interest(*, drafts: int = 0) -> list[Release]:
    """Releases under way, rolled back without lessons, and the newest drafts: what concerns everybody.

    One query; the nearest window first.
    """
    every = Release.objects.order_by().values_list("pk", flat=True)
    untaught = ~Exists(Lessons.objects.filter(release=OuterRef("pk")))
    newest = every.filter(state=ReleaseState.DRAFT).order_by("-created_at")[:drafts]
    # Each kind is found by its own index: joined by OR, everything that ever was would be looked through.
    wanted = every.filter(state__in=UNDER_WAY).union(
        every.filter(untaught, state=ReleaseState.ROLLED_BACK), every.filter(pk__in=newest if drafts else ())
    )
    return list(_read(wanted).order_by("window_start", "-created_at", "id"))


def own_drafts(actor: Actor, found: Sequence[Release]) -> list[Release]:
    """Drafts that this person made or wrote, the newest first; read again only beyond those `found`."""
    wanted = set(_ids_of_own_drafts(actor))
    own = [release for release in found if release.pk in wanted]
    missing = wanted - {release.pk for release in own}
    own += _read(list(missing)) if missing else ()
    return sorted(own, key=lambda release: (release.created_at, -release.pk), reverse=True)


def _ids_of_own_drafts(actor: Actor) -> list[int]:
    """Written out: every page of everybody asks this, and nearly always there is none."""
    user = actor.user.pk if actor.user is not None else None
    with connection.cursor() as cursor:
        cursor.execute(OWN_DRAFTS, [actor.id, user])
        return [pk for (pk,) in cursor.fetchall()]


def _read(wanted: QuerySet[Release, int] | list[int]) -> QuerySet[Release]:
    runs = ("production_run", "staging_run")
    bulky = [f"{run}__{field}" for run in runs for field in ("content", "plan")]
    rows = Release.objects.filter(pk__in=wanted).select_related("gate", *runs)
    return rows.defer("first_request", "plan", *bulky)


def waiting_among(actor: Actor, releases: Sequence[Release], known: Known) -> list[Waiting]:
    """What waits for this person among releases that `of_interest` has read, and in drafts of their own."""
    if actor.user is None:
        return []
    by_state = in_states(releases)
    urgent = urgent_for(actor, known.urgent(by_state.get(ReleaseState.REVIEW, [])), clock.now())
    return [
        *urgent.stops,
        *_runs(by_state, actor),
        *urgent.late,
        *_lessons(by_state, actor),
        *_starts(by_state, actor, known),
        *urgent.owed,
        *_signatures(by_state, actor, known),
        *urgent.policy,
        *_decisions(by_state, actor),
        *_validations(by_state, actor, known),
        *_rejected(by_state, actor),
        *_drafts(actor, releases, known),
    ]


def know(releases: Sequence[Release]) -> Known:
    """All that `waiting_among` asks of these releases, read now: nothing is read later by one of many."""
    by_state, known = in_states(releases), Known()
    known.urgent(by_state.get(ReleaseState.REVIEW, []))
    known.components()
    known.validations(by_state.get(ReleaseState.VALIDATING, []))
    known.held(by_state.get(ReleaseState.APPROVED, []))
    return known


def in_states(releases: Sequence[Release]) -> ByState:
    """These releases by their state."""
    found: ByState = {}
    for release in releases:
        found.setdefault(release.status, []).append(release)
    return found


def _runs(by_state: ByState, actor: Actor) -> Iterator[Waiting]:
    if may(actor, Action.PAUSE):
        return
    for release in by_state.get(ReleaseState.DEPLOYING, []):
        run = release.production_run
        if run is not None and run.run_state in (RunState.RUNNING, RunState.PAUSED, RunState.ROLLING_BACK):
            yield Waiting(release.label, run.sentence, f"/deployments/{run.pk}/", "Watch")


def _lessons(by_state: ByState, actor: Actor) -> Iterator[Waiting]:
    if may(actor, Action.RECORD_LESSONS):
        return
    for release in by_state.get(ReleaseState.ROLLED_BACK, []):
        text = "Rolled back; write down cause and lessons, which unlocks production."
        yield Waiting(release.label, text, release.link, "Write them down")


def _starts(by_state: ByState, actor: Actor, known: Known) -> Iterator[Waiting]:
    if may(actor, Action.DEPLOY):
        return
    now, approved = clock.now(), by_state.get(ReleaseState.APPROVED, [])
    for release in approved:
        start, end = release.window_start, release.window_end
        if start is None or end is None or start - now > SOON or now >= end:
            continue
        span = known.held(approved).get(release.pk)
        if span is not None:
            text = f"The freeze “{span.freeze.name}” holds it until {utc(span.end)}."
            yield Waiting(release.label, text, f"{release.link}go/", "Look")
        elif now < start:
            yield Waiting(release.label, f"Its window opens at {utc(start)}.", release.link, "Look")
        else:
            yield Waiting(
                release.label, f"Its window is open until {utc(end)}.", f"{release.link}go/", "Start"
            )


def _signatures(by_state: ByState, actor: Actor, known: Known) -> Iterator[Waiting]:
    review = by_state.get(ReleaseState.REVIEW, [])
    by_gate = {release.gate_id: release for release in review}
    for gate, roles in approvals.waiting_for(actor, known.gates(review).values()):
        release = by_gate.get(gate.pk)
        if release is not None:
            text = f"Waits for your signature as {listed([role.label for role in roles])}."
            yield Waiting(release.label, text, f"{release.link}go/", "Review and sign")


def _decisions(by_state: ByState, actor: Actor) -> Iterator[Waiting]:
    if may(actor, Action.DECIDE):
        return
    for release in by_state.get(ReleaseState.REVIEW, []):
        if release.gate is not None and release.gate.status == GateState.SATISFIED:
            text = "Every role has signed; it waits for your go."
            yield Waiting(release.label, text, f"{release.link}go/", "Decide")


def _validations(by_state: ByState, actor: Actor, known: Known) -> Iterator[Waiting]:
    validating = by_state.get(ReleaseState.VALIDATING, [])
    records, submits = may(actor, Action.RECORD_VALIDATION) is None, may(actor, Action.SUBMIT) is None
    if not validating or not (records or submits):
        return
    standings = known.validations(validating)
    for release in validating:
        titles = [s.item.title for s in standings[release.pk] if not s.done]
        if titles and records:
            yield Waiting(
                release.label, f"On staging; to validate: {listed(titles)}.", release.link, "Validate"
            )
        elif not titles and submits:
            yield Waiting(
                release.label, "Validated on staging; submit it for sign-off.", release.link, "Submit"
            )


def _rejected(by_state: ByState, actor: Actor) -> Iterator[Waiting]:
    if may(actor, Action.REOPEN):
        return
    for release in by_state.get(ReleaseState.REJECTED, []):
        yield Waiting(release.label, f"Rejected: {release.closing_reason}", release.link, "Reopen or cancel")


def _drafts(actor: Actor, releases: Sequence[Release], known: Known) -> Iterator[Waiting]:
    """Drafts wait for those who wrote or made them."""
    if may(actor, Action.STAGE):
        return
    for release in own_drafts(actor, releases):
        missing = missing_components(release.content, known.components())
        text = f"Waits for digests of {listed(missing)}." if missing else "Complete; deploy it to staging."
        yield Waiting(release.label, text, release.link, "Open" if missing else "Deploy to staging")
