"""The platform file's part of this app, `masking`, and the shape of what is wrong in a file.

Every app with a section has a module like this one: SECTIONS (JSON Schema by section), `check`,
`plan` (what loading would change, as sentences) and `apply`. `hmhp_portal.platform_file` joins them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction

from events.masking import MAX_PATTERN, BadPattern, compiled
from events.models import MaskingRules
from events.services import record


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the file: where (`people[2].zone`) and what, as a sentence."""

    path: str
    sentence: str


class HasId(Protocol):
    """Who loads the file; this app needs their opaque id only."""

    @property
    def id(self) -> str:
        """As events name them."""


SECTIONS: dict[str, Any] = {
    "masking": {
        "type": "object",
        "description": "What never reaches a stored or shown line, on top of the built-in patterns.",
        "additionalProperties": False,
        "properties": {
            "patterns": {
                "type": "array",
                "maxItems": 50,
                "items": {"type": "string", "minLength": 1, "maxLength": MAX_PATTERN},
                "description": "Regular expressions in RE2 syntax, which run in linear time.",
            },
            "fields": {
                "type": "array",
                "maxItems": 200,
                "items": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_. -]{1,79}$"},
                "description": "Names whose values go, in JSON and in name=value, however written.",
            },
        },
    }
}


def check(document: dict[str, Any]) -> list[Problem]:
    """Patterns that cannot run."""
    problems = []
    for position, pattern in enumerate(_wanted(document)["patterns"]):
        try:
            compiled(pattern)
        except BadPattern as error:
            problems.append(Problem(f"masking.patterns[{position}]", f"The pattern {error}."))
    return problems


def plan(document: dict[str, Any]) -> list[str]:
    """One sentence when the rules would differ. Patterns are counted, never shown in full."""
    wanted, present = _wanted(document), _present()
    if wanted == present:
        return []
    patterns, fields = len(wanted["patterns"]), len(wanted["fields"])
    return [f"masking: {patterns} pattern(s) and {fields} field name(s) on top of the built-in ones"]


@transaction.atomic
def apply(document: dict[str, Any], *, actor: HasId) -> None:
    """Bring the one row to the document; the writers of lines follow within seconds."""
    wanted, present = _wanted(document), _present()
    if wanted == present:
        return
    MaskingRules.objects.update_or_create(id=1, defaults=wanted)
    record("platform", "platform.masking_changed", actor.id, before=present, after=wanted)


def _wanted(document: dict[str, Any]) -> dict[str, list[str]]:
    section = document.get("masking") or {}
    return {"patterns": list(section.get("patterns") or []), "fields": list(section.get("fields") or [])}


def _present() -> dict[str, list[str]]:
    rules = MaskingRules.objects.filter(id=1).first()
    return {"patterns": rules.patterns, "fields": rules.fields} if rules else {"patterns": [], "fields": []}
