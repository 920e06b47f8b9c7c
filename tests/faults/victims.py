"""Whom a fault strikes: processes of one installation, found anew before each blow, never by name alone."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

PORTAL = ("worker", "control", "beat", "web", "nursery", "redis", "postgres")
TARGET = ("proxy", "component")
YOUNG_SECONDS = 9.0
WORDS = {"proxy": "platforms.local.proxy", "component": "/build/"}


class Victims:
    """The processes of the installation in `data`."""

    def __init__(self, data: Path, chance: random.Random) -> None:
        self._data = data
        self._chance = chance

    def kill(self, kind: str) -> int | None:
        """SIGKILL one of that kind; its number, or None where there is none just now."""
        pid = self._find(kind)
        if pid is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return pid
        return None

    def freeze(self, kind: str) -> Callable[[], None] | None:
        """SIGSTOP one of that kind; gives back how to let it go on."""
        pid = self._find(kind)
        if pid is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)

        def go_on() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

        return go_on

    def processes(self) -> dict[str, int]:
        """The portal's own, by name."""
        try:
            rows = json.loads((self._data / "processes.json").read_text())
        except (OSError, ValueError):
            return {}
        return {name: int(row["pid"]) for name, row in rows.items()}

    def marked(self) -> dict[int, str]:
        """What the agent has started: number to command line."""
        try:
            mark = json.loads((self._data / "agent" / "state.json").read_text())["mark"]
        except (OSError, ValueError):
            return {}
        found = {}
        for entry in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if f"HMHP_AGENT={mark}".encode() in entry.read_bytes().split(b"\0"):
                    words = (entry.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(entry.parent.name)] = words
        return found

    def _find(self, kind: str) -> int | None:
        if kind in TARGET:
            there = [pid for pid, words in self.marked().items() if WORDS[kind] in words]
            return self._chance.choice(sorted(there)) if there else None
        pid = self.processes().get(kind)
        # Mostly somebody who is at work: who dies only while starting is struck, but never tried.
        wanted = YOUNG_SECONDS if self._chance.random() < 0.8 else 0.0
        return pid if pid is not None and _age(pid) > wanted else None


def _age(pid: int) -> float:
    """Seconds since that process began; below 0 when it is gone."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError):
        return -1.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
