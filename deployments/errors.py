"""Refusals of environments and runs; mapped to HTTP by the attributes of `events.errors`."""

from __future__ import annotations

from events.errors import Blocked, Conflict, Invalid, NotFound, WrongState


class EnvironmentNotFound(NotFound):
    """There is no environment of that name."""


class RunNotFound(NotFound):
    """There is no run with that id."""


class ContentInvalid(Invalid):
    """The content handed to a run is not what its hash names, or lacks what a target needs."""

    type = "content-invalid"


class RunBlocked(Blocked):
    """Something outside the run must come first; the blockers name each."""

    type = "run-blocked"


class NotInThisState(WrongState):
    """The run is not in a state from which this leads on."""

    type = "run-wrong-state"


class NoWayBack(WrongState):
    """The way back is closed, or a migration made it one; the detail says which and what remains."""

    type = "no-way-back"


class AlreadyQueued(Conflict):
    """The same content is under way in this environment already."""

    type = "already-queued"


class AlreadyLocked(Conflict):
    """The environment is locked already."""

    type = "already-locked"


class NotAdoptable(Blocked):
    """What runs there cannot be taken over as it is; each blocker says why and who can mend it."""

    type = "not-adoptable"
