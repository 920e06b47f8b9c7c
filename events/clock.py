"""The portal's one business clock.

Services take `now()` from here so that tests, the demo's seeded past and fault runs can move it.
Leases do not: they use the database's clock only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

_moved: ContextVar[timedelta | None] = ContextVar("moved_clock", default=None)


def now() -> datetime:
    """The present moment in UTC, moved by the context's or the installation's offset."""
    offset = _moved.get()
    if offset is None:
        offset = timedelta(seconds=getattr(settings, "PORTAL_CLOCK_OFFSET", 0))
    return timezone.now() + offset


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block the clock starts at `moment` and goes on from there."""
    token = _moved.set(moment - timezone.now())
    try:
        yield
    finally:
        _moved.reset(token)


def advance(by: timedelta) -> None:
    """Move the clock of the present context on by `by`."""
    _moved.set((_moved.get() or timedelta()) + by)
