"""How often something happened within a time: one count for all processes, in the shared cache."""

from __future__ import annotations

from contextlib import suppress

from django.core.cache import cache

TRIES = 5
"""So often a count is begun anew before the cache itself must be at fault."""


def counted(key: str, seconds: int) -> int:
    """Count once more; how often it was since the count began, `seconds` ago at most, this time included.

    A count that is forgotten meanwhile, since its time is over or somebody has put it back, begins anew.
    Raises ValueError where the cache keeps nothing.
    """
    for _ in range(TRIES):
        cache.add(key, 0, seconds)
        with suppress(ValueError):  # what Django's cache says of a key that is not there
            return int(cache.incr(key))
    return int(cache.incr(key))
