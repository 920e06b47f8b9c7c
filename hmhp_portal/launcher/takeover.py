"""What an earlier start may have left running after it was killed, and how this one ends it.

The kernel ends the children of a killed launcher; this waits for them, and ends what it did not reach.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem

GENTLY_SECONDS, FIRMLY_SECONDS = 6.0, 4.0


def started_at(pid: int) -> str:
    """When that process began, in the kernel's ticks: with the number it names one process for ever."""
    try:
        # The name in parentheses may hold anything; the start time is the 20th field after it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def remember(installation: Installation, processes: dict[str, int]) -> None:
    """Note what runs now, for the next start and for the table of memory."""
    rows = {name: {"pid": pid, "started": started_at(pid)} for name, pid in processes.items()}
    with contextlib.suppress(OSError):  # a full disk must not end the supervisor
        installation.write("processes.json", rows)


def running(installation: Installation) -> dict[str, int]:
    """What was noted and still runs: name to process number."""
    return {
        name: row["pid"]
        for name, row in installation.read("processes.json").items()
        if row["started"] and started_at(row["pid"]) == row["started"] and not _is_zombie(row["pid"])
    }


def end_leftovers(installation: Installation) -> list[str]:
    """End everything that an earlier start left. Returns the names. Raises Problem where it cannot."""
    left = running(installation)
    names = sorted(left)
    for number, seconds in ((signal.SIGTERM, GENTLY_SECONDS), (signal.SIGKILL, FIRMLY_SECONDS)):
        for name, pid in running(installation).items():
            # PostgreSQL waits for its clients on SIGTERM; SIGINT ends it at once and clean.
            gentle = signal.SIGINT if name == "postgres" else signal.SIGTERM
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, gentle if number == signal.SIGTERM else number)
        limit = time.monotonic() + seconds
        while running(installation) and time.monotonic() < limit:
            time.sleep(0.05)
    still = running(installation)
    if still:
        name, pid = next(iter(still.items()))
        raise Problem(f"{name} (process {pid}) of an earlier start cannot be ended; end it by hand.")
    return names


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return True
