"""What the shell of every page shows: rooms, clocks, who is here.

In: the request. Out: `shell` in every template's context, made only when a template asks for it.
What moves and how much waits comes by a fragment of its own (`desk.views.shell`), so that no page
pays for it. Named in settings as a context processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from accounts.actors import Actor, of_request
from accounts.roles import Role
from approvals.policy import Action, may
from deployments.queries import region_zones
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
    now_iso: str
    idle_minutes: int
    may_stop: bool = False


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor: one lazy `shell`, so that fragments and mails pay nothing for it."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def clocks(zones: list[tuple[str, str]]) -> list[Clock]:
    """UTC first, then the given (label, zone) pairs, each zone once, four at most."""
    now = clock.now()
    shown: set[str] = set()
    made: list[Clock] = []
    for label, zone in [("UTC", "UTC"), *zones]:
        if _plain(zone) in shown or len(made) == 4:
            continue
        shown.add(_plain(zone))
        local = now.astimezone(ZoneInfo(zone))
        made.append(Clock(label, zone, local, f"{local:%H:%M}", optional=bool(made)))
    return made


def _plain(zone: str) -> str:
    return "UTC" if zone in ("UTC", "Etc/UTC") else zone


def _shell(request: HttpRequest) -> Shell:
    now = clock.now().isoformat(timespec="milliseconds")
    idle = settings.SESSION_COOKIE_AGE // 60
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Shell([], "", clocks([]), "system", "", "/", now, idle)
    actor = getattr(request, "portal_actor", None) or of_request(request)
    entries = navigation.rooms(actor)
    return Shell(
        nav=entries,
        nav_id=navigation.current(entries, request.path),
        clocks=clocks([("your time", user.time_zone), *region_zones().items()]),
        theme=user.theme,
        role_words=role_words(actor),
        account_url=_account_url(),
        now_iso=now,
        idle_minutes=idle,
        may_stop=may(actor, Action.STOP) is None,
    )


def role_words(actor: Actor) -> str:
    """The person's roles as words, most responsible first; "no role" when there is none."""
    return ", ".join(role.label for role in Role if role in actor.roles) or "no role"


def _account_url() -> str:
    try:
        return reverse("accounts:settings")
    except NoReverseMatch:
        return "/"
