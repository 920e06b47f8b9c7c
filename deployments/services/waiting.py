"""Wait for what drivers answer, while the lease of the run is kept: no transaction is open meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, TimeoutError, wait
from typing import Any, TypeVar

from deployments.services.leases import Lease, renew

T = TypeVar("T")


def patiently(lease: Lease, future: Future[T]) -> T:
    """The future's result, however long the driver takes; the lease is renewed each second."""
    while True:
        try:
            return future.result(timeout=1.0)
        except TimeoutError:
            if future.done():
                raise
            renew(lease)


def finished(lease: Lease, futures: dict[str, Future[Any]], seconds: float) -> Iterator[str]:
    """The keys of the futures as they end, until that much time is over; the lease is renewed."""
    left, pending = seconds, dict(futures)
    while pending:
        done, _ = wait(pending.values(), timeout=min(1.0, left), return_when="FIRST_COMPLETED")
        for key in [key for key, future in pending.items() if future in done]:
            del pending[key]
            yield key
        if not done and left <= 0:
            return
        if not done:
            left -= min(1.0, left)
            renew(lease)
