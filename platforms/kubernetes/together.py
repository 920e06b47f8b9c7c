"""Several calls to one server at once: a release of many objects takes as long as a few of them.

Each group has threads of its own, which end with it: a server that hangs holds up nobody who asks another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

AT_ONCE = 4
"""So many calls of a group are on their way together; an API server counts calls in flight."""

ASIDE_SECONDS = 1.0
"""So much later comes what nobody waits for; a few steps of a run are over by then."""

T = TypeVar("T")
U = TypeVar("U")


def each(work: Iterable[Callable[[], T]]) -> list[T]:
    """The results in the order of the work; what the first that failed raised, once all have ended."""
    calls = list(work)
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(min(AT_ONCE, len(calls)), thread_name_prefix="cluster") as pool:
        futures = [pool.submit(call) for call in calls]
    return [future.result() for future in futures]


def both(first: Callable[[], T], second: Callable[[], U]) -> tuple[T, U]:
    """The results of two calls made at once, of unlike kinds; what fails is raised, the first one's first."""
    with ThreadPoolExecutor(1, thread_name_prefix="cluster") as pool:
        beside = pool.submit(first)
        with _raised_after(beside):
            other = second()
        return beside.result(), other


@contextmanager
def _raised_after(beside: Future[T]) -> Iterator[None]:
    """What is raised within gives way to what the work beside it raises."""
    try:
        yield
    except Exception:
        beside.result()
        raise


def aside(work: Callable[[], object]) -> None:
    """Do it ASIDE_SECONDS later, without waiting, in a thread that keeps no process from ending.

    What somebody waits for is asked of the server first. What the work raises is nobody's.
    """
    timer = threading.Timer(ASIDE_SECONDS, work)
    timer.name, timer.daemon = "cluster-aside", True
    timer.start()
