"""What was refused, on the record: in a transaction of its own, without secrets, in bounded numbers.

Called by the edges after the refused transaction is over. A refusal never fails the answer: what cannot
be recorded is logged. So many an actor and a minute, and so many in all; the others are counted, and
the next one that is recorded says how many they were.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.forms import Form
from django.http import HttpRequest

from accounts.actors import Actor
from accounts.services.counting import counted
from events import clock
from events.errors import Invalid, NotFound, PortalError
from events.services import record

log = logging.getLogger(__name__)

AN_ACTOR_A_MINUTE = 10
IN_ALL_A_MINUTE = 60
IN_ALL_A_DAY = 5_000
_UNRECORDED = "refusals-unrecorded"
_ABOUT = ("version", "environment", "name", "id", "pk", "component", "item", "number")
"""Parts of an address that name a thing; others (one-time links) may be secret, people have ids."""


def refused(request: HttpRequest, actor: Actor, error: PortalError) -> None:
    """Record a refused act of a page or the API; refused reading of what is not there is no act."""
    if not isinstance(error, NotFound):
        note(actor.id, act_of(request), error.type, error.status, error.detail, _facts(error))


def wrong_form(request: HttpRequest, actor: Actor, form: Form) -> None:
    """Record an act whose form was not valid: the names of the fields and what was said about them."""
    told = " ".join(str(text) for texts in form.errors.values() for text in texts)
    refused(request, actor, Invalid(told, fields=dict.fromkeys(form.errors, ())))


def note(
    actor: str, act: dict[str, Any], kind: str, status: int, sentence: str, facts: dict[str, Any]
) -> None:
    """Record one refusal, unless there were too many."""
    try:
        if not _within_bounds(actor):
            return
        data = {**act, "type": kind, "status": status, **facts}
        if missed := cache.get(_UNRECORDED):
            data["unrecorded_before"] = missed
        with transaction.atomic():
            record(
                f"refusals/{clock.now():%Y-%m}", "refusal.recorded", actor, reason=sentence[:1000], data=data
            )
        if missed:
            cache.decr(_UNRECORDED, missed)
    except Exception as problem:
        log.warning("a refusal (%s) could not be recorded: %s", kind, type(problem).__name__)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def act_of(request: HttpRequest) -> dict[str, Any]:
    """What was tried: the method, the pattern of the address, and the things that it names."""
    match = request.resolver_match
    if match is None:
        return {"act": str(request.method)}
    about = {name: str(match.kwargs[name])[:100] for name in _ABOUT if name in match.kwargs}
    return {"act": f"{request.method} /{match.route}", **({"about": about} if about else {})}


def _facts(error: PortalError) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if error.fields:
        facts["fields"] = sorted(str(name)[:60] for name in error.fields)[:20]
    if error.blockers:
        facts["blockers"] = [blocker.code for blocker in error.blockers][:30]
    return facts


def _within_bounds(actor: str) -> bool:
    now = clock.now()
    bounds = (
        (f"refusals-{actor.replace(' ', '-')}-{now:%H%M}", 60, AN_ACTOR_A_MINUTE),
        (f"refusals-all-{now:%H%M}", 60, IN_ALL_A_MINUTE),
        (f"refusals-day-{now:%Y%m%d}", 86_400, IN_ALL_A_DAY),
    )
    for key, seconds, most in bounds:
        if counted(key, seconds) > most:
            counted(_UNRECORDED, 86_400 * 7)
            return False
    return True
