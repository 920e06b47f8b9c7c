"""The condition by which the database demands that a person's act names the second factor behind it."""

from __future__ import annotations

from django.db.models import Q

from accounts.actors import FACTORS


def proved(field: str = "factors") -> Q:
    """`field` holds what `demand_fresh` gave: a known factor, when it was given, and through which channel.

    Asked by key first: what JSON lacks is NULL, which a check would let pass.
    """
    keys = Q(**{f"{field}__has_keys": ["channel", "factor", "factor_at"]})
    return keys & Q(**{f"{field}__factor__in": list(FACTORS)})
