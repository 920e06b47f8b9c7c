"""Heads of the audit trail in a folder outside the portal: a mounted share, or a bucket kept write-once.

Every head is a file of its own that is never written again, so that a store with object lock takes it.
"""

from __future__ import annotations

import os
from pathlib import Path


def put(folder: Path, name: str, text: str) -> None:
    """Write `text` as a new file; one that is there already stays. Raises OSError."""
    target = folder / name
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    with unfinished.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(target)


def newest(folder: Path) -> Path | None:
    """The head with the highest number below the folder."""
    return max(folder.rglob("head-*.json"), key=lambda file: file.name, default=None)
