"""The root of every refusal that a person or a machine is told about.

Each app derives its own errors from these; the API maps the class attributes to RFC 9457
problem details in one place, and pages show `detail` and `blockers` as sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that stands in the way: `code` is stable, `sentence` is read by people.

    `who` names who can supply what is missing ("a QA Lead", "CI", "@devon").
    """

    code: str
    sentence: str
    who: str = ""


class PortalError(Exception):
    """A rule said no. `type` is stable and public, `status` is the HTTP status that it means."""

    status = 400
    type = "invalid"
    title = "The request cannot be carried out"
    retry_after: int | None = None
    """Seconds until it is worth trying again, where time alone helps."""

    def __init__(
        self,
        detail: str,
        *,
        blockers: Sequence[Blocker] = (),
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.blockers = tuple(blockers)
        self.fields = {name: list(texts) for name, texts in (fields or {}).items()}

    @property
    def lead(self) -> str:
        """What the detail says beside its blockers, for whoever lists them below it."""
        text = self.detail
        for blocker in self.blockers:
            text = text.replace(blocker.sentence, "")
        return " ".join(text.split())


class Invalid(PortalError):
    """The input is wrong; `fields` names what, by the name that the caller used."""

    status = 400
    type = "invalid"
    title = "The input is not valid"


class NotAllowed(PortalError):
    """The actor may not do this; the detail says who may."""

    status = 403
    type = "not-allowed"
    title = "Not allowed"


class NotFound(PortalError):
    """There is no such thing, or the actor may not know of it."""

    status = 404
    type = "not-found"
    title = "Not found"


class WrongState(PortalError):
    """The thing is not in a state from which this leads on."""

    status = 409
    type = "wrong-state"
    title = "Not possible in this state"


class Conflict(PortalError):
    """It meets something that exists already (a duplicate, another seal)."""

    status = 409
    type = "conflict"
    title = "In conflict with what is there"


class Blocked(PortalError):
    """Rules stand in the way; `blockers` lists every one of them."""

    status = 409
    type = "blocked"
    title = "Something is missing"


class Stale(PortalError):
    """The caller saw an older version of the thing (If-Match)."""

    status = 412
    type = "stale"
    title = "Changed since you read it"
