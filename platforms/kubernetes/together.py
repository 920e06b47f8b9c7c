"""Several calls to one server at once: a release of many objects takes as long as a few of them.

Each group has threads of its own, which end with it: a server that hangs holds up nobody who asks another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 8
"""So many calls of a group are on their way together; an API server counts calls in flight."""

T = TypeVar("T")


def each(work: Iterable[Callable[[], T]]) -> list[T]:
    """The results in the order of the work; what the first that failed raised, once all have ended."""
    calls = list(work)
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(min(AT_ONCE, len(calls)), thread_name_prefix="cluster") as pool:
        futures = [pool.submit(call) for call in calls]
    return [future.result() for future in futures]


def aside(work: Callable[[], object]) -> None:
    """Do it without waiting, in a thread that keeps no process from ending; what it raises is nobody's."""
    threading.Thread(target=work, name="cluster-aside", daemon=True).start()
