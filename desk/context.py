"""What the shell of every page shows: rooms, clocks, who is here, what moves, how much waits.

In: the request. Out: `shell` in every template's context, made only when a template asks for it.
Named in settings as a context processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from accounts.actors import Actor, of_request
from accounts.roles import Role
from desk import navigation
from events import clock


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of the top bar: words, IANA zone, and the time to show until the module ticks it."""

    label: str
    zone: str
    moment: datetime
    text: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything around the page itself."""

    nav: list[navigation.Entry]
    nav_id: str
    clocks: list[Clock]
    theme: str
    role_words: str
    account_url: str
    waiting: int
    moving: Any = None


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor: one lazy `shell`, so that fragments and mails pay nothing for it."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def clocks(zones: list[tuple[str, str]]) -> list[Clock]:
    """UTC first, then the given (label, zone) pairs, each zone once."""
    now = clock.now()
    shown, made = set(), []
    for at, (label, zone) in enumerate([("UTC", "UTC"), *zones]):
        if zone in shown:
            continue
        shown.add(zone)
        local = now.astimezone(ZoneInfo(zone))
        made.append(Clock(label, zone, local, f"{local:%H:%M}", optional=at > 0))
    return made


def _shell(request: HttpRequest) -> Shell:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Shell([], "", clocks([]), "system", "", "/", 0)
    actor = of_request(request)
    entries = navigation.rooms(actor, 0)
    return Shell(
        nav=entries,
        nav_id=navigation.current(entries, request.path),
        clocks=clocks([("your time", user.time_zone)]),
        theme=user.theme,
        role_words=role_words(actor),
        account_url=_account_url(),
        waiting=0,
    )


def role_words(actor: Actor) -> str:
    """The person's roles as words, most responsible first; "no role" when there is none."""
    return ", ".join(role.label for role in Role if role in actor.roles) or "no role"


def _account_url() -> str:
    try:
        return reverse("accounts:settings")
    except NoReverseMatch:
        return "/"
