"""What the people and tokens of the portal refuse."""

from __future__ import annotations

from events.errors import Conflict, Invalid, NotFound, WrongState


class UnknownPerson(NotFound):
    """There is no account by this name."""

    type = "unknown-person"
    title = "No such person"


class UnknownToken(NotFound):
    """There is no such API token, or it is somebody else's."""

    type = "unknown-token"
    title = "No such token"


class UnknownScope(Invalid):
    """A token was asked for with a scope that does not exist."""

    type = "unknown-scope"
    title = "Unknown scope"


class ScopeNotForServices(Invalid):
    """A service token was asked for with a scope that only a person can carry."""

    type = "scope-not-for-services"
    title = "Not for service tokens"


class AlreadyThere(Conflict):
    """The login, the e-mail address or the source login belongs to somebody already."""

    type = "already-there"
    title = "Already taken"


class LastAdministrator(WrongState):
    """Nobody would be left to look after people and roles."""

    type = "last-administrator"
    title = "The last Administrator"


class LinkNotValid(Invalid):
    """A one-time link is wrong, used or older than a day."""

    type = "link-not-valid"
    title = "This link is no longer valid"
