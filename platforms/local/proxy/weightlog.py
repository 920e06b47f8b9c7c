"""The proxy's own record of weight changes: one JSON line each, only ever appended.

It is kept beside the portal's record so that either can be checked against the other. Written
before a table comes into force; called by `control.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path


class WeightLog:
    """Appends to the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, fence: int, weights: Mapping[str, int], who: str) -> None:
        """One change, on the disk when this returns. Raises OSError."""
        entry = {"at": datetime.now(UTC).isoformat(), "fence": fence, "weights": dict(weights), "who": who}
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = os.open(self._path, flags, 0o600)
        try:
            os.write(file, (json.dumps(entry) + "\n").encode())
            os.fsync(file)
        finally:
            os.close(file)
