"""Make a release. Called by `POST releases/`, the page of a new release and the demo's seeding.

A repeat that names the same content as its first call, whatever was added or copied since, answers
the same release; other content under the same version is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from approvals import policy
from approvals.policy import Action
from deployments.models import DeploymentRun
from events import canonical, clock
from releases import texts
from releases.content import Entry, content_hash, read_components
from releases.errors import BadContent, VersionTaken
from releases.models import ItemDefinition, Release, ReleaseItem
from releases.services import authors as authorship
from releases.services import contents
from releases.services.keeping import keep, remember
from releases.services.window import put as put_window
from releases.states import Kind
from releases.texts import Faults, fault
from releases.versions import RULE, is_version

COMMIT_CHARACTERS = 100
TITLE_CHARACTERS = 200


def create(
    *,
    actor: Actor,
    version: str,
    kind: str,
    commit: str,
    components: Mapping[str, Any],
    authors: Any,
    title: str = "",
    notes: str = "",
    window: Mapping[str, Any] | None = None,
) -> tuple[Release, bool]:
    """The release and True when it is new. Components that are not named are copied from the base.

    Raises NotAllowed, BadContent with every wrong field, BadWindow, VersionTaken.
    """
    policy.require(actor, Action.CREATE_RELEASE)
    faults: Faults = {}
    named = read_components(components, contents.definitions(), faults)
    declared = authorship.read(authors, faults)
    release = Release(
        version=read_version(version, faults),
        kind=read_kind(kind, faults),
        commit=read_commit(commit, faults),
        title=texts.line(title, "title", faults, limit=TITLE_CHARACTERS),
        notes=texts.paragraph(notes, "notes", faults, limit=texts.NOTES_BYTES),
    )
    if faults:
        raise BadContent("The release cannot be made: " + first(faults), fields=faults)
    release.first_request = {"kind": release.kind, "commit": release.commit, "components": named}
    earlier = _same(release)
    if earlier is not None:
        return earlier, False
    try:
        with transaction.atomic():
            return _make(release, named, declared, window, actor), True
    except IntegrityError:
        earlier = _same(release)  # somebody made it in the same instant
        if earlier is None:
            raise
        return earlier, False


def _same(release: Release) -> Release | None:
    earlier = Release.objects.filter(version=release.version).first()
    if earlier is None:
        return None
    if canonical.sha256(earlier.first_request) == canonical.sha256(release.first_request):
        return earlier
    raise VersionTaken(
        f"{release.version} exists already with other content (it is {earlier.status.label.lower()}). "
        "Give it single digests component by component, or choose another version.",
        fields={"version": ["This version is taken."]},
    )


def _make(
    release: Release,
    named: dict[str, Entry],
    declared: list[authorship.Declared],
    wanted_window: Mapping[str, Any] | None,
    actor: Actor,
) -> Release:
    insert(release, named, contents.base_now(), actor)
    authorship.add(release, declared)
    keep(
        release,
        "release.created",
        actor.id,
        after=summary(release) | {"authors": [f"{a.login}@{a.host}" for a in declared]},
    )
    remember(release, "created", actor.id)
    if wanted_window is not None:
        put_window(release, wanted_window, actor)
    return release


def insert(release: Release, named: dict[str, Entry], base: DeploymentRun | None, actor: Actor) -> None:
    """Store a new draft with its content and its two lists; the caller adds authors and keeps it."""
    release.content = contents.build(release.commit, named, base)
    release.content_hash = content_hash(release.content)
    release.brings = sorted(named)
    release.base_run = base
    release.created_by = actor.id
    release.created_at = release.changed_at = clock.now()
    release.save(force_insert=True)
    ReleaseItem.objects.bulk_create(
        ReleaseItem(
            release=release,
            list=line.list,
            name=line.name,
            title=line.title,
            about_artefacts=line.about_artefacts,
            position=line.position,
        )
        for line in ItemDefinition.objects.filter(retired_at=None)
    )


def summary(release: Release) -> dict[str, Any]:
    """A release as its first event keeps it."""
    return {
        "state": release.status,
        "version": release.version,
        "kind": release.kind,
        "title": release.title,
        "commit": release.commit,
        "content_hash": release.content_hash,
        "base": release.content["base"]["version"],
        "brings": release.brings,
    }


def read_version(value: object, faults: Faults) -> str:
    """A version as it is kept."""
    if not isinstance(value, str) or not is_version(value):
        fault(faults, "version", RULE)
        return ""
    return value


def read_kind(value: object, faults: Faults) -> str:
    """One of the kinds."""
    if not isinstance(value, str) or value not in Kind.values:
        fault(faults, "kind", f"The kind is one of {', '.join(Kind.values)}.")
        return ""
    return value


def read_commit(value: object, faults: Faults) -> str:
    """The commit that the artefacts were built from."""
    text = texts.line(value, "commit", faults, limit=COMMIT_CHARACTERS, required=True)
    if " " in text:
        fault(faults, "commit", "A commit is named by its hash, without spaces.")
    return text


def first(faults: Faults) -> str:
    """The first fault as a sentence with its field; the rest stand in `fields`."""
    field, sentences = next(iter(faults.items()))
    more = sum(map(len, faults.values())) - 1
    return f"{field}: {sentences[0]}" + (f" ({more} more)" if more else "")
