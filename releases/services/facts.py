"""Give a fact by hand that nobody measures yet. Append-only; the newest counts, and grows old.

Called by `POST …/facts/NAME/` and the release page.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.dateparse import parse_datetime

from accounts.actors import Actor
from events import clock
from events.errors import NotFound
from releases import texts
from releases.errors import BadContent
from releases.models import FactDefinition, ManualFact
from releases.services.create import first
from releases.services.keeping import keep, moment, taken
from releases.states import Verdict
from releases.texts import Faults, fault
from releases.verbs import Verb

SKEW = timedelta(minutes=1)
OLDEST = timedelta(days=366)


@transaction.atomic
def record_fact(
    version: str,
    name: str,
    *,
    actor: Actor,
    value: str,
    remark: str = "",
    link: str = "",
    at: datetime | str | None = None,
) -> ManualFact:
    """Say that a fact is `clear`, to `watch`, or `blocks`; `at` is when it was true (now, if not given).

    Anything but clear needs a remark. Raises NotAllowed, NotFound, WrongReleaseState, BadContent.
    """
    release = taken(version, Verb.RECORD_FACT, actor)
    _demand_known(name)
    faults: Faults = {}
    if value not in Verdict.values:
        fault(faults, "value", f"The value is one of {', '.join(Verdict.values)}.")
    text = texts.remark(remark, faults, required=value in (Verdict.WATCH, Verdict.BLOCKS))
    address = texts.link(link, "link", faults)
    true_at = _read_time(at, faults)
    if faults:
        raise BadContent(first(faults), fields=faults)
    earlier = release.manual_facts.filter(name=name).order_by("-id").first()
    fact = ManualFact.objects.create(
        release=release,
        name=name,
        value=value,
        remark=text,
        link=address,
        by=actor.id,
        at=true_at,
        recorded_at=clock.now(),
    )
    keep(
        release,
        "fact.recorded",
        actor.id,
        before={"value": earlier.value if earlier else None, "at": moment(earlier.at if earlier else None)},
        after={"value": value, "at": moment(true_at)},
        reason=text,
        data={"fact": name, "link": address},
    )
    return fact


def _demand_known(name: str) -> None:
    known = list(FactDefinition.objects.filter(retired_at=None).values_list("name", flat=True))
    if name not in known:
        raise NotFound(
            f"There is no fact “{name[:80]}”; the platform file names {', '.join(known) or 'none'}."
        )


def _read_time(value: datetime | str | None, faults: Faults) -> datetime:
    now = clock.now()
    if value is None:
        return now
    try:
        found = parse_datetime(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        fault(faults, "at", "Give a date and time with its offset, such as 2026-11-23T14:00:00Z.")
    elif found > now + SKEW:
        fault(faults, "at", "This lies in the future; a fact tells what has been seen.")
    elif found < now - OLDEST:
        fault(faults, "at", "This is more than a year ago and says nothing about now.")
    else:
        return min(found, now)
    return now
