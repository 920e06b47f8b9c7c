"""Several calls to API servers at once: a release of many objects takes as long as a few of them.

One pool a process, so that many runs together ask no more of a cluster than one; work that nobody waits
for goes through it too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

AT_ONCE = 8
"""So many calls are on their way together; an API server counts calls in flight, not calls a second."""

T = TypeVar("T")
_pools: dict[int, ThreadPoolExecutor] = {}
_making = threading.Lock()


def each(work: Iterable[Callable[[], T]]) -> list[T]:
    """The results in the order of the work; what the first that failed raised, once all have ended."""
    futures = [_pool().submit(call) for call in work]
    wait(futures)
    return [future.result() for future in futures]


def aside(work: Callable[[], object]) -> None:
    """Do it without waiting; what it raises is nobody's."""
    _pool().submit(work)


def _pool() -> ThreadPoolExecutor:
    """This process's threads; after a fork anew."""
    with _making:
        found = _pools.get(os.getpid())
        if found is None:
            found = _pools[os.getpid()] = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="cluster")
        return found
