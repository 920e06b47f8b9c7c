"""JSON Schema of the sections `regions`, `environments` and `targets`."""

from __future__ import annotations

from typing import Any

from accounts.roles import Role
from deployments.models.environments import DataClass
from platforms.registry import DRIVERS

NAME = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,58}[a-z0-9]$"}
SECONDS = {"type": "integer", "minimum": 1, "maximum": 30 * 86_400}
CHOICE = {"enum": ["finish", "hold", "return"]}

LIMITS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "error_percent": {"type": "number", "minimum": 0, "maximum": 100},
        "error_ratio": {"type": "number", "minimum": 1, "maximum": 1000},
        "p95_ms": {"type": "number", "exclusiveMinimum": 0, "maximum": 600_000},
        "p95_ratio": {"type": "number", "minimum": 1, "maximum": 1000},
        "p95_ratio_from_ms": {
            "type": "number",
            "minimum": 0,
            "description": "below this latency the ratio says nothing; a quarter of p95_ms when left out",
        },
        "minimum_requests": {"type": "integer", "minimum": 1, "maximum": 10_000_000},
    },
}
STRATEGY: dict[str, Any] = {
    "type": "object",
    "description": "How releases come in; every key has a default.",
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": ["blue_green", "switch"]},
        "order": {"enum": ["by_region", "interleaved"]},
        "weights": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {"type": "integer", "minimum": 1, "maximum": 100},
        },
        "bake_seconds": {
            "oneOf": [
                {"type": "integer", "minimum": 0, "maximum": 7 * 86_400},
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 20,
                    "items": {"type": "integer", "minimum": 0, "maximum": 7 * 86_400},
                },
            ]
        },
        "limits": LIMITS,
        "hold_limit_seconds": SECONDS,
        "decide_by_seconds": SECONDS,
        "on_window_end": CHOICE,
        "on_freeze": CHOICE,
        "auto_start": {"type": "boolean"},
        "rehearse": {"type": "boolean"},
        "contract": {"type": "boolean"},
        "monitoring_seconds": SECONDS,
        "retain_seconds": SECONDS,
        "job_timeout_seconds": SECONDS,
        "ready_timeout_seconds": SECONDS,
    },
}
SECTIONS: dict[str, Any] = {
    "regions": {
        "type": "array",
        "description": "Places in the world, with the IANA zone of the people there.",
        "minItems": 1,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": {"name": NAME, "zone": {"type": "string"}},
        },
    },
    "environments": {
        "type": "array",
        "description": "In order; the last is production.",
        "minItems": 1,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "data_class", "deployers", "regions"],
            "properties": {
                "name": NAME,
                "purpose": {"type": "string", "maxLength": 300},
                "access": {"type": "string", "maxLength": 300},
                "data_class": {"enum": list(DataClass.values)},
                "deployers": {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": {"enum": list(Role.values)},
                },
                "zone": {"type": "string"},
                "regions": {"type": "array", "minItems": 1, "uniqueItems": True, "items": NAME},
                "strategy": STRATEGY,
            },
        },
    },
    "targets": {
        "type": "array",
        "description": "Where an environment's region really runs.",
        "minItems": 1,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["environment", "region", "driver", "data_class"],
            "properties": {
                "environment": NAME,
                "region": NAME,
                "driver": {"enum": list(DRIVERS)},
                "data_class": {"enum": list(DataClass.values)},
                "settings": {"type": "object"},
            },
        },
    },
}
