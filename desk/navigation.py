"""The rooms of the side navigation. A room that comes later adds its own entry here.

In: the actor and the address of the page. Out: the entries that exist and that this person may
read. Called by `desk.context`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, reverse

from accounts.actors import Actor
from approvals.policy import Action, may


@dataclass(frozen=True, slots=True)
class Entry:
    """One room: `route` is a URL name, `action` what the table must allow for it to be shown.

    On a phone four rooms stand at the thumb; a `folded` one is behind the fifth place, "More".
    """

    id: str
    route: str
    icon: str
    label: str
    action: Action | None = None
    folded: bool = False
    rule_before: bool = False
    push: bool = False
    url: str = ""


ROOMS = (
    Entry("board", "desk:board", "board", "Board"),
    Entry("you", "desk:for_you", "inbox", "For you"),
    Entry("releases", "releases:list", "tag", "Releases", Action.READ_RELEASES),
    Entry("deployments", "deployments:list", "tide", "Deployments", Action.READ_DEPLOYMENTS),
    Entry("environments", "desk:environments", "box", "Live where", Action.READ_DEPLOYMENTS, folded=True),
    Entry("freezes", "releases:freezes", "frost", "Freezes", Action.READ_RELEASES, folded=True),
    Entry("policy", "desk:policy", "lock", "Approval policy", Action.READ_RELEASES, folded=True),
    Entry("emergency", "emergency:here", "stop", "Emergencies", Action.READ_DEPLOYMENTS, folded=True),
    Entry("audit", "desk:audit", "chain", "Audit trail", Action.READ_AUDIT, folded=True),
    Entry("outbox", "notifications:outbox", "mail", "Outbox", Action.READ_OUTBOX, folded=True),
    Entry("people", "accounts:people", "people", "People", Action.READ_PEOPLE, folded=True, rule_before=True),
    Entry("tokens", "accounts:tokens", "key", "API tokens", Action.OWN_TOKENS, folded=True),
    Entry("settings", "accounts:settings", "gear", "Settings", folded=True),
    Entry("help", "desk:help", "doc", "Help", folded=True, push=True),
)


def rooms(actor: Actor) -> list[Entry]:
    """The entries with their addresses; a route that is not there yet leaves its entry out."""
    entries = []
    for room in ROOMS:
        url = _address(room.route)
        if url is None or (room.action and may(actor, room.action)):
            continue
        entries.append(replace(room, url=url))
    return entries


def current(entries: Iterable[Entry], path: str) -> str:
    """The id of the entry whose address is the longest beginning of `path`."""
    fitting = [e for e in entries if e.url == path or (e.url != "/" and path.startswith(e.url))]
    return max(fitting, key=lambda entry: len(entry.url)).id if fitting else ""


def _address(route: str) -> str | None:
    try:
        return reverse(route)
    except NoReverseMatch:
        return None
