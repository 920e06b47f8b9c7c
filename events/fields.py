"""JSON that the database keeps letter by letter, so that a hash over it can be computed again from the row.

`jsonb` would order and space it anew at every reading. Written by the ORM as canonical JSON (RFC 8785).
"""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from events import canonical


def plain(value: Any) -> Any:
    """The value as JSON gives it back: moments and ids become text. Raises TypeError for anything else."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


class CanonicalJSON(models.JSONField):
    """A column of type `json` that holds canonical text; read as plain values."""

    def db_type(self, connection: Any) -> str:
        """`json`, which PostgreSQL keeps as it was written."""
        return "json"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Canonical text, or NULL."""
        if value is None or isinstance(value, models.Expression):
            return value
        return canonical.dumps(plain(value)).decode()

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """The driver has read it already."""
        return value
