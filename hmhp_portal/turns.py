"""How the threads of a process share its interpreter."""

from __future__ import annotations

import sys

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while another wants it.

Python's 5 ms stand before every answer of the database or a cluster once other threads are busy: ten times
in a pipeline's short question or an abort.
"""


def take_short_turns() -> None:
    """Have the threads of this process wait for each other no longer than that."""
    sys.setswitchinterval(SWITCH_SECONDS)
