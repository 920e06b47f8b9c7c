"""`./portal dev`: start the processes that hold Python code again when a file of ours changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hmhp_portal.supervisor import Supervisor

HOLD_CODE = frozenset({"web", "worker", "control", "beat"})
LEFT_OUT = frozenset({"tests", "bench", "examples", "docs"})


async def on_change(root: Path, supervisor: Supervisor) -> None:
    """Look once a second until the end is asked for."""
    before = _state(root)
    while not supervisor.stopping:
        await asyncio.sleep(1)
        now = _state(root)
        if now != before:
            changed = sorted(str(f.relative_to(root)) for f in now.keys() ^ before.keys()) or sorted(
                str(f.relative_to(root)) for f, at in now.items() if before.get(f) != at
            )
            print(f"{changed[0]} changed; starting again", flush=True)
            supervisor.restart(HOLD_CODE)
        before = now


def _state(root: Path) -> dict[Path, int]:
    found = {}
    for folder in root.iterdir():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in LEFT_OUT:
            for file in folder.rglob("*.py"):
                try:
                    found[file] = file.stat().st_mtime_ns
                except OSError:
                    continue
    return found
