"""Refusals of gates and signatures; mapped to HTTP by the attributes of `events.errors`."""

from __future__ import annotations

from events.errors import Conflict, NotAllowed, NotFound, PortalError, WrongState


class GateNotFound(NotFound):
    """No gate, sign-off or decision with this id."""


class GateClosed(WrongState):
    """The gate takes no more answers: it was rejected, it expired, or it is void."""

    type = "gate-closed"
    title = "This gate is closed"


class WrongSeal(Conflict):
    """The caller means another seal than the one this gate asks about."""

    type = "wrong-seal"
    title = "The seal has changed"


class MayNotSign(NotAllowed):
    """This person may not sign here; the detail says why and who can."""

    type = "may-not-sign"
    title = "May not sign"


class AlreadySigned(Conflict):
    """One person, one role, one gate: this person's signature stands already."""

    type = "already-signed"
    title = "Already signed"


class AlreadyDecided(Conflict):
    """A go stands already for this gate."""

    type = "already-decided"
    title = "Already decided"


class GateExists(Conflict):
    """A gate of this kind still takes answers for the same subject."""

    type = "gate-exists"
    title = "A gate is open already"


class EmptyGate(PortalError):
    """The policy asks nobody for this kind of gate: a gate that nobody must sign proves nothing."""

    status = 409
    type = "gate-without-requirements"
    title = "The approval policy is incomplete"


class PolicyNotMet(PortalError):
    """The present people could not meet this policy; the detail names the rule and who is missing."""

    status = 409
    type = "policy-cannot-be-met"
    title = "Nobody could meet this policy"


class NoProposal(NotFound):
    """No changed policy waits for signatures."""

    type = "no-policy-proposal"
    title = "No changed policy waits"


class StopExists(Conflict):
    """An emergency stop of this place is in force already; nothing more needs to be done."""

    type = "stop-in-force"
    title = "Stopped already"


class StopLifted(WrongState):
    """This emergency stop was lifted; it ends once."""

    type = "stop-lifted"
    title = "Lifted already"


class Stopped(PortalError):
    """An emergency stop is in force: nothing starts or moves forward there; returns go on."""

    status = 409
    type = "emergency-stop"
    title = "An emergency stop is in force"


class NothingOwed(WrongState):
    """There is nothing to break the glass for or to follow up: nothing is owed, or nobody is asked."""

    type = "nothing-missing"
    title = "Nothing is missing"
