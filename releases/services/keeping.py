"""How the services take a release and keep it: locked, in the right state, with one event a change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts import actors
from accounts.actors import Actor
from approvals import policy
from events import clock
from events.services import record
from releases.errors import ReleaseNotFound, StaleRelease, WrongReleaseState, WrongSeal
from releases.models import Release, Revision
from releases.verbs import WAYS, Verb, refusal

PORTAL = actors.system("portal")
"""Who acts when time, a run or a lost role moves a release."""


def locked(version: str) -> Release:
    """The release under its row lock, freshly read; raises ReleaseNotFound. Needs a transaction."""
    # No joins under the lock: after waiting for it a joined row could be older than the release.
    rows = Release.objects.select_for_update()
    release = rows.filter(version=version).first() if version.isprintable() else None
    if release is None:
        raise ReleaseNotFound(f"There is no release {version[:100]!r}.")
    return release


def locked_by_id(release_id: int, *, skip_locked: bool = False) -> Release | None:
    """The same by id; with `skip_locked` None while somebody else holds it."""
    return Release.objects.select_for_update(skip_locked=skip_locked).filter(pk=release_id).first()


def taken(version: str, verb: Verb, actor: Actor) -> Release:
    """The locked release when the table and its state allow `verb`; refusals in that order."""
    policy.require(actor, WAYS[verb].action)
    release = locked(version)
    demand_state(release, verb)
    return release


def demand_state(release: Release, verb: Verb) -> None:
    """Raise WrongReleaseState unless `verb` leads on from the release's state."""
    sentence = refusal(release.version, release.status, verb)
    if sentence is not None:
        raise WrongReleaseState(sentence)


def demand_fresh(release: Release, if_match: str | None) -> None:
    """Raise StaleRelease when the caller read an older revision (RFC 9110, If-Match)."""
    if if_match is None or if_match.strip() == "*":
        return
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")]
    if str(release.revision) not in tags:
        raise StaleRelease(
            f"{release.version} is at revision {release.revision}, you read {', '.join(tags)[:60]}. "
            "Read it again and repeat your change."
        )


def demand_seal(release: Release, seal: str) -> None:
    """Raise WrongSeal unless the caller means the seal that the release carries."""
    if seal != release.seal:
        raise WrongSeal(
            f"{release.version} carries the seal {release.seal[:8] or 'none'} now, you named "
            f"{str(seal)[:8] or 'none'}. Read what changed, then repeat.",
            fields={"seal": [f"The seal is {release.seal or 'not frozen yet'}."]},
        )


def keep(
    release: Release,
    kind: str,
    actor_id: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Save the release as its next revision and record the one event of this change."""
    release.revision += 1
    release.changed_at = clock.now()
    release.save()
    record(release.stream, kind, actor_id, before=before, after=after, reason=reason, data=data)


def remember(release: Release, cause: str, actor_id: str) -> None:
    """Keep content, plan and seal as they are from the release's present revision on."""
    Revision.objects.create(
        release=release,
        number=release.revision,
        content=release.content,
        content_hash=release.content_hash,
        plan=release.plan,
        seal=release.seal,
        cause=cause[:200],
        by=actor_id,
        at=release.changed_at,
    )


def moment(value: datetime | None) -> str | None:
    """A time as an event keeps it."""
    return value.isoformat() if value else None
