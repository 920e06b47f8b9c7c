"""The platform file's part of this app: `stakeholders`, who are told of plans without an account.

The file rules: whoever leaves it is told nothing more; what they were sent stays in the outbox. A
stakeholder is known by the address, whatever its case.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.db import transaction

from accounts.actors import Actor
from events import clock
from events.platform_file import Problem
from events.services import record
from notifications.models import Stakeholder

SECTIONS: dict[str, Any] = {
    "stakeholders": {
        "type": "array",
        "description": "Who is told by e-mail of every release's way to production, without an account.",
        "maxItems": 500,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "email"],
            "properties": {
                "name": {"type": "string", "pattern": r"^[^\x00-\x1f\x7f]+$", "maxLength": 120},
                "email": {
                    "type": "string",
                    "pattern": r"^[\x21-\x3f\x41-\x7e]+@[^@\s]+\.[^@\s.]+$",
                    "maxLength": 254,
                    "description": "An address that mail can be sent to; ASCII before the @.",
                },
                "zone": {"type": "string", "description": "IANA time zone; UTC when left out"},
            },
        },
    }
}

Row = tuple[str, str]
"""Name and zone."""


def check(document: dict[str, Any]) -> list[Problem]:
    """Zones that do not exist, and an address that stands twice."""
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for position, entry in enumerate(document.get("stakeholders", [])):
        path, address = f"stakeholders[{position}]", entry["email"].lower()
        zone = entry.get("zone", "UTC")
        if zone not in available_timezones():
            problems.append(Problem(f"{path}.zone", f"“{zone}” is not an IANA time zone like Europe/Berlin."))
        if address in seen:
            problems.append(Problem(f"{path}.email", f"It stands at stakeholders[{seen[address]}] already."))
        seen.setdefault(address, position)
    return problems


def plan(document: dict[str, Any]) -> list[str]:
    """What loading would change, one sentence each."""
    wanted, present = _wanted(document), _present()
    sentences = []
    for address, (name, _) in wanted.items():
        if address not in present:
            sentences.append(f"stakeholders: {name} <{address}> is told from now on")
        elif present[address] != wanted[address]:
            sentences.append(f"stakeholders: {name} <{address}> changes name or zone")
    gone = [f"stakeholders: {present[a][0]} <{a}> is told no more" for a in present if a not in wanted]
    return sentences + gone


@transaction.atomic
def apply(document: dict[str, Any], *, actor: Actor) -> None:
    """Bring the stakeholders to the document; the same document again does nothing."""
    wanted, present = _wanted(document), _present()
    if wanted == present:
        return
    for address, (name, zone) in wanted.items():
        if present.get(address) == (name, zone):
            continue
        known = Stakeholder.objects.filter(email__iexact=address).first() or Stakeholder(email=address)
        known.name, known.zone, known.retired_at = name, zone, None
        known.save()
    for address in present.keys() - wanted.keys():
        Stakeholder.objects.filter(email__iexact=address).update(retired_at=clock.now())
    record(
        "platform",
        "platform.stakeholders_changed",
        actor.id,
        before={"count": len(present)},
        after={"count": len(wanted)},
        data={"added": len(wanted.keys() - present.keys()), "removed": len(present.keys() - wanted.keys())},
    )


def _wanted(document: dict[str, Any]) -> dict[str, Row]:
    return {
        entry["email"].lower(): (entry["name"].strip(), entry.get("zone", "UTC"))
        for entry in document.get("stakeholders") or []
    }


def _present() -> dict[str, Row]:
    rows = Stakeholder.objects.filter(retired_at=None)
    return {row.email.lower(): (row.name, row.zone) for row in rows}
