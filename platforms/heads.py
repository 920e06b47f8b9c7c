"""Heads of the audit trail in a folder outside the portal: a mounted share, or a bucket kept write-once.

Every head is a file of its own, written in one go and never again, without a name for the time between:
buckets that are mounted as folders neither rename nor rewrite, and a store with object lock takes it so.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


def put(folder: Path, name: str, text: str) -> None:
    """Write `text` as a new file; the same one that is there already stays.

    One that was cut off is written again. Raises OSError, also when another head lies under this name: then
    the record was set back and has gone another way since.
    """
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(target, text, os.O_EXCL)
    except FileExistsError:
        found = target.read_text(errors="replace")
        if not text.startswith(found):
            raise FileExistsError(errno.EEXIST, f"another head lies there as {name}") from None
        if found != text:
            _write(target, text, os.O_TRUNC)


def _write(target: Path, text: str, how: int) -> None:
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | how, 0o644), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def newest(folder: Path) -> Path | None:
    """The head with the highest number below the folder."""
    return max(folder.rglob("head-*.json"), key=lambda file: file.name, default=None)
