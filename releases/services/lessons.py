"""Write down cause and lessons of a rollback, which lifts the lock (strategy, "Rollback Procedure" 4).

Called by `POST …/lessons/` and the release page.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.actors import Actor
from approvals.models import BreakGlass, Review
from approvals.services.reviews import answer_by
from deployments import queries as deployments
from deployments.services import locks
from events import clock
from releases import texts
from releases.errors import BadContent
from releases.models import Lessons, Release
from releases.services.create import first
from releases.services.keeping import keep, taken
from releases.states import ReleaseState
from releases.texts import Faults, fault
from releases.verbs import Verb

LONGEST = 20_000
MOST_ACTIONS = 50
ACTION_CHARACTERS = 300


@transaction.atomic
def record(version: str, *, actor: Actor, cause: str, lessons: str, actions: Sequence[str] = ()) -> Lessons:
    """Keep cause, lessons and actions; the lock ends when no rollback is without them.

    They are also what follows a review of this release that said no-go.

    Said again, they stand beside the first. Raises NotAllowed, ReleaseNotFound, WrongReleaseState,
    BadContent.
    """
    release = taken(version, Verb.RECORD_LESSONS, actor)
    faults: Faults = {}
    row = Lessons(
        release=release,
        cause=texts.paragraph(cause, "cause", faults, limit=LONGEST, required=True),
        lessons=texts.paragraph(lessons, "lessons", faults, limit=LONGEST, required=True),
        actions=_actions(actions, faults),
        by=actor.id,
        at=clock.now(),
    )
    if faults:
        raise BadContent(first(faults), fields=faults)
    row.save(force_insert=True)
    keep(
        release,
        "lessons.recorded",
        actor.id,
        before={"lessons": release.lessons.count() - 1},
        after={"cause": row.cause, "lessons": row.lessons, "actions": row.actions},
    )
    words = f"Cause and lessons of {release.version} are written down."
    late = BreakGlass.objects.filter(stream=release.stream, late_entry=True).values_list("pk", flat=True)
    streams = [release.stream, *(f"late-entry/{pk}" for pk in late)]
    answer_by(Review.objects.filter(gate__stream__in=streams), words, actor)
    _unlock(release, actor)
    return row


def _unlock(release: Release, actor: Actor) -> None:
    production = deployments.production()
    untaught = Release.objects.filter(state=ReleaseState.ROLLED_BACK, lessons=None).exists()
    if untaught or deployments.open_lock(production) is None:
        return
    reason = f"Cause and lessons of {release.version} are written down."
    locks.lift(production, reason=reason, actor=actor, stream=release.stream)


def _actions(given: object, faults: Faults) -> list[str]:
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or len(given) > MOST_ACTIONS:
        fault(faults, "actions", f"Actions are a list of at most {MOST_ACTIONS} texts.")
        return []
    read = [
        texts.line(text, f"actions.{number}", faults, limit=ACTION_CHARACTERS)
        for number, text in enumerate(given)
    ]
    return [text for text in read if text]
