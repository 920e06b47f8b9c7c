"""Every problem type that the API can answer with, read from the errors themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from events.errors import PortalError
from hmhp_portal.api.problems import FRAMEWORK


@dataclass(frozen=True, slots=True)
class Kind:
    """One problem type for the docs page."""

    name: str
    status: int
    title: str
    meaning: str


UNFORESEEN = (
    Kind("csrf", 403, "This session did not come with its CSRF token", "Send X-CSRFToken, or use a token."),
    Kind("too-large", 413, "The body is too large", "Send less; long texts belong behind a link."),
    Kind("too-slow", 408, "The body did not arrive in time", "Send it at once, then it is taken."),
    Kind("length-required", 411, "The body came without its length", "Send Content-Length."),
    Kind("unavailable", 503, "The portal is busy", "Ask again after Retry-After."),
    Kind(
        "unforeseen",
        500,
        "Something unforeseen happened",
        "Nothing was changed; tell whoever runs the portal.",
    ),
)


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """The types by name, in alphabetical order."""
    found = {kind.name: kind for kind in UNFORESEEN}
    for error, (name, title) in FRAMEWORK.items():
        found.setdefault(name, Kind(name, error.status_code, title, title + "."))
    for rule in _rules(PortalError):
        found[rule.type] = Kind(
            rule.type, rule.status, rule.title, (rule.__doc__ or "").split("\n\n")[0].strip()
        )
    return dict(sorted(found.items()))


def _rules(error: type[PortalError]) -> Iterator[type[PortalError]]:
    for derived in error.__subclasses__():
        yield from _rules(derived)
    if "type" in vars(error):
        yield error
