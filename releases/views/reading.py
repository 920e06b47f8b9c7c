"""What every page of one release reads, in a fixed number of queries.

In: a version and an actor. Out: the release with its rows, and context shared by its pages.
Called by the views of this package.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Prefetch

from accounts.actors import Actor
from approvals.policy import Action, may
from approvals.queries import newest_number, read
from approvals.queries.owed import anything_urgent, urgent_gates
from events import clock
from events.models import Event
from events.names import readable
from releases import queries
from releases.errors import ReleaseNotFound
from releases.models import Author, Release
from releases.queries.holding import meets_freeze
from releases.queries.lists import JOINED
from releases.states import ReleaseState
from releases.views import acts, changes, signs, stages

TIMELINE = 8
QUIET = ("run.step_done", "message.sent")
BEFORE_IT = timedelta(days=1)
"""How long before a release was made something may have happened under its name."""


def get_release(version: str) -> Release:
    """The release with all that its pages show; raises ReleaseNotFound."""
    rows = Release.objects.select_related(*JOINED, "gate__break_glass").defer(
        "first_request", "base_run__plan", "staging_run__content", "production_run__content"
    )
    found = None
    if version.isprintable():
        found = (
            rows.prefetch_related(Prefetch("authors", Author.objects.select_related("user")))
            .annotate(policy_in_force=newest_number(), urgent=anything_urgent(), meets_freeze=meets_freeze())
            .filter(version=version)
            .first()
        )
    if found is None:
        raise ReleaseNotFound(f"There is no release {version[:100]!r}.")
    gates = urgent_gates() if found.urgent else []
    read([gate for gate in (found.gate, *gates) if gate is not None])
    found.urgent_gates = gates  # type: ignore[attr-defined]  # read by queries.dossier
    return found


def shared(release: Release, actor: Actor) -> dict[str, Any]:
    """The head of the page: the true sentence, state, stages, acts, and who may see what."""
    now = clock.now()
    cards = signs.cards(release, actor)
    leading, more = acts.acts(actor, release)
    yours = any(card.yours for card in cards)
    signed = sum(card.state == "signed" for card in cards)
    start, end = release.window_start, release.window_end
    return {
        "release": release,
        "headline": queries.headline(release),
        "shown_state": shown_state(release),
        "stages": stages.stages(
            release, signed=f"{signed} of {len(cards)} signed" if cards else "", yours=yours
        ),
        "signs": cards,
        "gate": release.gate,
        "yours": yours,
        "leading": leading,
        "more": more,
        "room_open": release.status == ReleaseState.REVIEW,
        "opens_in": bool(start and start > now and release.status not in ENDED),
        "closes_in": bool(start and end and start <= now < end and release.status not in ENDED),
        "author_words": author_words(release),
        "base_version": (release.content.get("base") or {}).get("version"),
        "may_read_events": may(actor, Action.READ_EVENTS) is None,
        "run_link": run_link(release),
    }


ENDED = (ReleaseState.COMPLETED, ReleaseState.ROLLED_BACK, ReleaseState.SUPERSEDED, ReleaseState.CANCELLED)


def shown_state(release: Release) -> str:
    """The state as people read it: approved with a window ahead is "scheduled"."""
    ahead = release.window_start is not None and release.window_start > clock.now()
    return "scheduled" if release.status == ReleaseState.APPROVED and ahead else str(release.state)


def author_words(release: Release) -> list[str]:
    """Handles of authors who are people here, source logins of the others."""
    return [author.user.handle if author.user else author.login for author in release.authors.all()]


def run_link(release: Release) -> str:
    """The page of the run that moves this release now, or ""."""
    run = {
        ReleaseState.STAGING: release.staging_run,
        ReleaseState.DEPLOYING: release.production_run,
        ReleaseState.MONITORING: release.production_run,
        ReleaseState.ROLLED_BACK: release.production_run,
    }.get(release.status)
    return f"/deployments/{run.pk}/" if run else ""


def change_rows(release: Release) -> list[changes.Change]:
    """What the release changes against its base."""
    return changes.changes(release.base_run.content if release.base_run else None, release.content)


def timeline(release: Release) -> list[Event]:
    """The newest entries of the release's stream that people care about.

    The record is kept by month; those before the release was made are not looked through.
    """
    ours = Event.objects.filter(stream=release.stream, at__gte=release.created_at - BEFORE_IT)
    return readable(ours.exclude(kind__in=QUIET).order_by("-seq")[:TIMELINE])
