"""Make a new draft after an end, with the lessons as checklist items. Called by API and pages."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from releases.content import FIELDS, Entry
from releases.errors import BadContent, NotReady, VersionTaken
from releases.models import Author, Lessons, Release, ReleaseItem
from releases.services import contents, create
from releases.services.keeping import keep, remember, taken
from releases.states import ItemList, ReleaseState
from releases.texts import Faults
from releases.verbs import Verb

FIRST_LESSON = 1000
"""Position of lessons: behind every line of the platform file."""


@transaction.atomic
def follow_up(version: str, *, actor: Actor, new_version: str) -> Release:
    """A draft on the present base that brings what the old one brought and links back to it.

    Raises NotAllowed, ReleaseNotFound, WrongReleaseState, BadContent, VersionTaken, NotReady while the
    lessons of a rollback are not written down.
    """
    old = taken(version, Verb.FOLLOW_UP, actor)
    faults: Faults = {}
    wanted = create.read_version(new_version, faults)
    if faults:
        fields = {"new_version": faults["version"]}
        raise BadContent(create.first(fields), fields=fields)
    lessons = list(old.lessons.all())
    if old.status == ReleaseState.ROLLED_BACK and not lessons:
        raise NotReady(f"{version} was rolled back; write down cause and lessons first, they go with it.")
    release = Release(version=wanted, kind=old.kind, commit=old.commit, title=old.title[:200], follows=old)
    named = _named(old)
    release.first_request = {"follows": old.version}
    try:
        with transaction.atomic():
            create.insert(release, named, contents.base_now(), actor)
    except IntegrityError as error:
        raise VersionTaken(
            f"{wanted} exists already; choose another version.", fields={"new_version": ["It is taken."]}
        ) from error
    _carry(old, release, lessons)
    keep(release, "release.followed_up", actor.id, after=create.summary(release) | {"follows": old.version})
    remember(release, f"follow-up of {old.version}", actor.id)
    return release


def _named(old: Release) -> dict[str, Entry]:
    """What the old release brought itself, as if named again."""
    known = contents.definitions()
    return {
        name: {key: entry[key] for key in FIELDS if key in entry}
        for name, entry in old.content["components"].items()
        if name in old.brings and name in known
    }


def _carry(old: Release, release: Release, lessons: list[Lessons]) -> None:
    """Authors and lessons of the old release; actions become lines of the new checklist."""
    Author.objects.bulk_create(
        Author(
            release=release,
            host=author.host,
            login=author.login,
            name=author.name,
            user=author.user,
            declared=author.declared,
        )
        for author in old.authors.select_related("user")
    )
    tasks = [text for row in lessons for text in (row.actions or [row.lessons])]
    ReleaseItem.objects.bulk_create(
        ReleaseItem(
            release=release,
            list=ItemList.CHECKLIST,
            name=f"lesson_{number}",
            title=" ".join(text.split())[:400],
            source=f"lessons of {old.version}",
            position=FIRST_LESSON + number,
        )
        for number, text in enumerate(tasks, start=1)
    )
