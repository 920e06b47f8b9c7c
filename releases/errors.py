"""Refusals of releases; mapped to HTTP by the attributes of `events.errors`."""

from __future__ import annotations

from events.errors import Blocked, Conflict, Invalid, NotAllowed, NotFound, Stale, WrongState


class ReleaseNotFound(NotFound):
    """No release carries this version."""


class VersionTaken(Conflict):
    """Another release, of other content, carries this version."""

    type = "version-taken"
    title = "This version is taken"


class WrongSeal(Conflict):
    """The caller means another seal than the release carries now."""

    type = "wrong-seal"
    title = "The seal has changed"


class OtherContent(Conflict):
    """The result was given for other content than the release holds now."""

    type = "other-content"
    title = "Given for other content"


class WrongReleaseState(WrongState):
    """The verb does not lead on from the state that the release is in."""


class BadContent(Invalid):
    """Components, digests, versions or texts that cannot be."""


class BadWindow(Invalid):
    """A window in the past, upside down, too long, or inside a freeze."""

    type = "bad-window"
    title = "The window cannot be"


class NotReady(Blocked):
    """Facts stand in the way; `blockers` lists every one with who can clear it."""

    type = "not-ready"
    title = "Not ready"


class StaleRelease(Stale):
    """The release changed since the caller read it."""


class NothingToAsk(WrongReleaseState):
    """The gate is good and asks under the policy in force."""

    type = "nothing-to-ask"
    title = "Nothing to ask again for"


class NotYourOwn(NotAllowed):
    """A person cannot take themselves off the authors: it would let an author sign."""

    type = "not-your-own"
