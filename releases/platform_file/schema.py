"""JSON Schema of the sections of this app."""

from __future__ import annotations

from typing import Any

from accounts.roles import Role
from releases.states import MOMENTS, ComponentKind, Kind

SLUG = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,57}[a-z0-9]$"}
NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,58}[a-z0-9]$"}
TITLE = {"type": "string", "minLength": 1, "maxLength": 120}
POINT = {"type": "string", "pattern": "^(mon|tue|wed|thu|fri|sat|sun)[a-z]* ([01][0-9]|2[0-3]):[0-5][0-9]$"}


def _lines(description: str) -> dict[str, Any]:
    return {
        "type": "array",
        "description": description,
        # A list without a line would be done from the start: leave the key out where a platform has none.
        "minItems": 1,
        "maxItems": 100,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "title"],
            "properties": {
                "name": NAME,
                "title": TITLE,
                "about_artefacts": {
                    "type": "boolean",
                    "description": "A result about the artefacts counts no more when the content changes.",
                },
            },
        },
    }


COMPONENTS: dict[str, Any] = {
    "type": "array",
    "description": "What a release is made of.",
    "minItems": 1,
    "maxItems": 200,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "kind"],
        "properties": {
            "name": SLUG,
            "kind": {"enum": list(ComponentKind.values)},
            "edge": {"type": "boolean", "description": "Takes traffic from outside, split by weight."},
            "drain_seconds": {
                "type": "integer",
                "minimum": 0,
                "maximum": 86_400,
                "description": "How long an open connection may end in its colour.",
            },
            "manifest": {"type": "object", "description": "What the driver needs to run it."},
        },
    },
}
FACTS: dict[str, Any] = {
    "type": "array",
    "description": "What nobody measures yet: said by a person, with a link; it grows old.",
    "maxItems": 50,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "title", "max_age_seconds"],
        "properties": {
            "name": NAME,
            "title": TITLE,
            "max_age_seconds": {"type": "integer", "minimum": 1, "maximum": 366 * 86_400},
            "moments": {
                "type": "array",
                "uniqueItems": True,
                "items": {"enum": [moment for moment in MOMENTS if moment in ("go", "start")]},
                "description": "When it blocks while missing or too old; the start when left out.",
            },
            "who": {"type": "array", "uniqueItems": True, "items": {"enum": list(Role.values)}},
        },
    },
}
FREEZES: dict[str, Any] = {
    "type": "array",
    "description": "When production must not move: once (starts, ends) or weekly, local in its zone.",
    "maxItems": 200,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "reason"],
        "properties": {
            "name": TITLE,
            "starts": {"description": "Date and time, such as 2026-12-19T00:00:00."},
            "ends": {"description": "Date and time."},
            "weekly": {
                "type": "object",
                "additionalProperties": False,
                "required": ["from", "to"],
                "properties": {"from": POINT, "to": POINT},
            },
            "zone": {"type": "string"},
            "environments": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string"},
            },
            "passes": {"type": "array", "uniqueItems": True, "items": {"enum": list(Kind.values)}},
            "reason": {"type": "string", "minLength": 1, "maxLength": 1000},
        },
    },
}
SECTIONS: dict[str, Any] = {
    "components": COMPONENTS,
    "checklist": _lines("The pre-deployment checklist (strategy, “Code Preparation”)."),
    "validations": _lines("What staging must show before anybody signs (strategy, “Validation”)."),
    "facts": FACTS,
    "freezes": FREEZES,
}
