"""Change a release: its words, authors, window, kind, commit, or one component's digest.

Called by `PATCH releases/…/`, `PUT releases/…/components/…/` and the release page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from approvals import policy
from releases import texts
from releases.content import Content, read_entry, unknown_component, whole_entry
from releases.errors import BadContent
from releases.models import Release
from releases.services import authors as authorship
from releases.services import contents
from releases.services.create import TITLE_CHARACTERS, first, read_commit, read_kind
from releases.services.judging import judge
from releases.services.keeping import demand_fresh, demand_state, keep, locked
from releases.services.window import put as put_window
from releases.states import MigrationClass
from releases.texts import Faults, fault
from releases.verbs import WAYS, Verb

Changes = Mapping[str, Any]


@transaction.atomic
def patch(version: str, *, actor: Actor, changes: Changes, if_match: str | None = None) -> Release:
    """Change the named fields: title, notes, forward_fix_plan, kind, commit, authors, window.

    All of them or none. Raises NotAllowed, ReleaseNotFound, StaleRelease, WrongReleaseState,
    BadContent, BadWindow, NotYourOwn.
    """
    unknown = sorted(set(map(str, changes)) - set(FIELDS))
    if unknown:
        known = ", ".join(FIELDS)
        raise BadContent(
            f"There is no field “{unknown[0][:80]}”; known ones are {known}.",
            fields={name[:200]: [f"Unknown field; known ones are {known}."] for name in unknown},
        )
    release = locked(version)
    for verb in {FIELDS[name] for name in changes} or {Verb.ANNOTATE}:
        policy.require(actor, WAYS[verb].action)
    demand_fresh(release, if_match)
    for apply in (_words, _kind, _commit, _authors, _window):
        apply(release, changes, actor)
    return release


FIELDS: dict[str, Verb] = {
    "title": Verb.ANNOTATE,
    "notes": Verb.ANNOTATE,
    "forward_fix_plan": Verb.PLAN_FORWARD_FIX,
    "kind": Verb.SET_KIND,
    "commit": Verb.EDIT_CONTENT,
    "authors": Verb.SET_AUTHORS,
    "window": Verb.SET_WINDOW,
}


def _words(release: Release, changes: Changes, actor: Actor) -> None:
    faults: Faults = {}
    read: dict[str, Callable[[object], str]] = {
        "title": lambda text: texts.line(text, "title", faults, limit=TITLE_CHARACTERS),
        "notes": lambda text: texts.paragraph(text, "notes", faults, limit=texts.NOTES_BYTES),
        "forward_fix_plan": lambda text: texts.paragraph(
            text, "forward_fix_plan", faults, limit=texts.NOTES_BYTES
        ),
    }
    wanted = {name: read[name](changes[name]) for name in read if name in changes}
    _refuse(faults)
    after = {name: text for name, text in wanted.items() if text != getattr(release, name)}
    if not after:
        return
    for name in after:
        demand_state(release, FIELDS[name])
    before = {name: getattr(release, name) for name in after}
    for name, text in after.items():
        setattr(release, name, text)
    keep(release, "release.annotated", actor.id, before=before, after=after)


def _kind(release: Release, changes: Changes, actor: Actor) -> None:
    if "kind" not in changes:
        return
    faults: Faults = {}
    kind = read_kind(changes["kind"], faults)
    _refuse(faults)
    if kind == release.kind:
        return
    demand_state(release, Verb.SET_KIND)
    before, release.kind = release.kind, kind
    keep(release, "release.annotated", actor.id, before={"kind": before}, after={"kind": kind})


def _commit(release: Release, changes: Changes, actor: Actor) -> None:
    if "commit" not in changes:
        return
    faults: Faults = {}
    commit = read_commit(changes["commit"], faults)
    _refuse(faults)
    if commit == release.commit:
        return
    demand_state(release, Verb.EDIT_CONTENT)
    before = {"commit": release.commit, "content_hash": release.content_hash}
    contents.take(release, {**release.content, "commit": commit})
    authorship.by_change(release, actor)
    contents.changed(
        release,
        actor,
        before=before,
        after={"commit": commit},
        cause=f"{actor.label} changed the commit to {commit[:12]}.",
        kind="release.content_changed",
    )


def _authors(release: Release, changes: Changes, actor: Actor) -> None:
    if "authors" not in changes:
        return
    faults: Faults = {}
    wanted = authorship.read(changes["authors"], faults)
    _refuse(faults)
    demand_state(release, Verb.SET_AUTHORS)
    before, after = authorship.replace(release, wanted, actor)
    if before == after:
        return
    keep(release, "release.authors_changed", actor.id, before={"authors": before}, after={"authors": after})
    judge(release, actor.id)


def _window(release: Release, changes: Changes, actor: Actor) -> None:
    if "window" in changes:
        put_window(release, changes["window"], actor)


@transaction.atomic
def put_component(
    version: str, name: str, *, actor: Actor, entry: Mapping[str, Any], if_match: str | None = None
) -> Release:
    """Give one component its digest (each pipeline its own). What it holds already changes nothing.

    Raises NotAllowed, ReleaseNotFound, StaleRelease, WrongReleaseState, BadContent.
    """
    policy.require(actor, WAYS[Verb.EDIT_CONTENT].action)
    faults: Faults = {}
    known = contents.definitions()
    if name not in known:
        fault(faults, "component", unknown_component(known))
    named = read_entry(entry, "", faults)
    _refuse({field.strip("."): sentences for field, sentences in faults.items()})
    release = locked(version)
    demand_fresh(release, if_match)
    before = release.content["components"].get(name)
    after = whole_entry(named, before, known[name].frozen())
    components = {**release.content["components"], name: after}
    content: Content = {**release.content, "components": components}
    if before == after:
        return _claim(release, name, actor)
    demand_state(release, Verb.EDIT_CONTENT)
    release.brings = sorted({*release.brings, name})
    was = release.content_hash
    contents.take(release, content)
    authorship.by_change(release, actor)
    contents.changed(
        release,
        actor,
        before={"content_hash": was, "components": {name: _told(before)}},
        after={"components": {name: _told(after)}},
        cause=f"{actor.label} gave {name} the digest {named['artifact'][7:15]}.",
        kind="release.content_changed",
    )
    return release


def _claim(release: Release, name: str, actor: Actor) -> Release:
    """The same digest that was copied from the base: from now on the release brings it itself."""
    if name in release.brings:
        return release
    demand_state(release, Verb.EDIT_CONTENT)
    before = {"brings": release.brings}
    release.brings = sorted({*release.brings, name})
    keep(release, "release.annotated", actor.id, before=before, after={"brings": release.brings})
    return release


def _told(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    """An entry as an event keeps it: without the manifest, which the revision keeps."""
    if entry is None:
        return None
    kept = ("artifact", "version", "configuration", "secrets")
    told: dict[str, Any] = {key: entry[key] for key in kept if key in entry}
    told["migration"] = entry.get("migration", {}).get("class", MigrationClass.NONE.value)
    return told


def _refuse(faults: Faults) -> None:
    if faults:
        raise BadContent(first(faults), fields=faults)
