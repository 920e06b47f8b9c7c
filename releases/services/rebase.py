"""Build a release anew on what production runs now. Called by `POST …/rebase/` and the release page.

What the release brings itself stays; the rest is copied again. It makes nobody an author.
"""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from releases.content import Content, copied_entry
from releases.models import Release
from releases.services import contents
from releases.services.keeping import taken
from releases.verbs import Verb


@transaction.atomic
def rebase(version: str, *, actor: Actor) -> Release:
    """Take the base that production runs now; a changed content goes back to draft.

    A base that is current changes nothing. Raises NotAllowed, ReleaseNotFound, WrongReleaseState.
    """
    release = taken(version, Verb.REBASE, actor)
    base = contents.base_now()
    earlier = release.content["base"]
    if contents.base_of(base) == earlier:
        return release
    running = base.content["components"] if base else {}
    own = release.content["components"]
    components = {}
    for name in contents.definitions():
        if name in release.brings and name in own:
            components[name] = own[name]
        elif name in running:
            components[name] = copied_entry(running[name])
    content: Content = {"commit": release.commit, "base": contents.base_of(base), "components": components}
    was = release.content_hash
    contents.take(release, content)
    release.base_run = base
    contents.changed(
        release,
        actor,
        before={"base": earlier["version"], "content_hash": was},
        after={"base": content["base"]["version"]},
        cause=f"{actor.label} rebased it on {content['base']['version'] or 'nothing'}.",
        kind="release.rebased",
    )
    return release
