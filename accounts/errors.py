"""What the people and tokens of the portal refuse."""

from __future__ import annotations

from events.errors import Conflict, Invalid, NotAllowed, NotFound, PortalError, WrongState


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


class FactorNeeded(NotAllowed):
    """This act needs a second factor given in the last minutes; pages ask for it and go on."""

    type = "factor-needed"
    title = "A second factor is needed"


class FactorNotSetUp(FactorNeeded):
    """The person has no second factor yet; pages lead to setting one up."""

    type = "factor-not-set-up"
    title = "No second factor is set up"


class CodeRefused(NotAllowed):
    """The one-time code is wrong, too old, or was used before."""

    type = "one-time-code-refused"
    title = "The one-time code is refused"


class TooManyCodes(PortalError):
    """Too many wrong codes in a short time."""

    status = 429
    type = "too-many-codes"
    title = "Too many wrong codes"
    retry_after = 300
