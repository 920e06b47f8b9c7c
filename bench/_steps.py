"""A long benchmark says where its time goes, and ends what it started when it is told to end.

`ends_with_its_children()` first thing in `main`; `step("portal up")` after each part.
"""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

_last = time.monotonic()


def ends_with_its_children() -> None:
    """SIGTERM unwinds like Ctrl-C does, so that every block ends the processes that it started."""
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: what unwinds shall not be cut short
    sys.exit(128 + number)


def step(text: str) -> None:
    """Say to standard error what was done, and how long that took since the step before."""
    global _last
    now = time.monotonic()
    print(f"{now - _last:7.1f} s  {text}", file=sys.stderr, flush=True)
    _last = now
