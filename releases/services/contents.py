"""What a release holds: built from what was named, what production serves, and the platform file.

Called by `create`, `edit`, `rebase`, `follow_up`. `back_to_draft` is what a change of content does
to proofs and signatures.
"""

from __future__ import annotations

from typing import Any

from accounts.actors import Actor
from approvals.services import gates
from deployments import queries as deployments
from deployments.models import DeploymentRun
from deployments.services import rendering
from releases.content import Content, Entry, content_hash, copied_entry, whole_entry
from releases.errors import BadContent
from releases.models import Component, Release
from releases.services import owing
from releases.services.keeping import keep, remember
from releases.states import ReleaseState


def definitions() -> dict[str, Component]:
    """The components of the platform file by name."""
    return {component.name: component for component in Component.objects.filter(retired_at=None)}


def base_now() -> DeploymentRun | None:
    """What production runs at this moment."""
    return deployments.serving(deployments.production())


def base_of(run: DeploymentRun | None) -> dict[str, Any]:
    """The base as the content names it."""
    if run is None:
        return {"run": None, "version": None, "content_hash": None}
    return {"run": run.pk, "version": run.subject, "content_hash": run.content_hash}


def build(commit: str, named: dict[str, Entry], base: DeploymentRun | None) -> Content:
    """The content of a new release: named components over those of the base."""
    known = definitions()
    running: dict[str, Entry] = base.content["components"] if base else {}
    components: dict[str, Entry] = {}
    for name, definition in known.items():
        copied = copied_entry(running[name]) if name in running else None
        if name in named:
            components[name] = whole_entry(named[name], copied, definition.frozen())
        elif copied is not None:
            components[name] = copied
    return with_objects({"commit": commit, "base": base_of(base), "components": components})


def with_objects(content: Content) -> Content:
    """The content with the objects that it will be on targets that are told in objects, none elsewhere.

    Raises BadContent when a component cannot be rendered; its sentence names file and line.
    """
    bare = {key: value for key, value in content.items() if key != "objects"}
    objects, problems = rendering.rendered(content["components"])
    if problems:
        raise BadContent(problems[0], fields={"components": problems})
    return {**bare, "objects": objects} if objects else bare


def take(release: Release, content: Content) -> bool:
    """Give the release this content; False when it is what it holds already."""
    content = with_objects(content)
    fresh = content_hash(content)
    if fresh == release.content_hash:
        return False
    release.content = content
    release.content_hash = fresh
    release.commit = content["commit"]
    return True


def changed(
    release: Release, actor: Actor, *, before: dict[str, Any], after: dict[str, Any], cause: str, kind: str
) -> None:
    """Keep a change of content: one event, one revision, and back to draft with everything void."""
    was = release.status
    earlier = {"state": was, "seal": release.seal or None, **before}
    back_to_draft(release, actor, cause)
    after = {"state": release.status, "content_hash": release.content_hash, **after}
    keep(release, kind, actor.id, before=earlier, after=after, reason=cause)
    remember(release, cause, actor.id)


def back_to_draft(release: Release, actor: Actor, cause: str) -> None:
    """Void gate, plan and seal of other content; the caller keeps the release."""
    if release.gate_id is not None:
        voided = gates.void(release.gate_id, reason=cause, actor=actor)
        owing.never_ran(voided, reason=cause, actor=actor)
    if release.status != ReleaseState.DRAFT:
        release.change_content()
    release.gate = None
    release.staging_run = None
    unfreeze(release)


def unfreeze(release: Release) -> None:
    """A draft has no frozen plan and no seal."""
    release.plan = None
    release.seal = ""
