"""Look a key up in a mapping, for pages that resolve many ids at once.

In: a mapping and a key. Out: the value, or the key itself where there is none. Called by templates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def at(mapping: Mapping[Any, Any], key: Any) -> Any:
    """`{{ people|at:run.started_by }}`: one query for all names, none per row."""
    return mapping.get(key, key)


@register.filter
def written(value: Any) -> str:
    """A value of an object as it stands there: a text as it is, everything else as JSON."""
    return (
        value if isinstance(value, str) and value else json.dumps(value, sort_keys=True, ensure_ascii=False)
    )
