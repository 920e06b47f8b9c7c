"""The agent's state file: what is wanted, so that a restarted agent takes it up again.

In goes every accepted change before it is acted on, out comes the same after a restart. Written
atomically (new file, fsync, rename). Called by the agent and its targets.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platforms.base import SlotSpec
from platforms.local import protocol


@dataclass(slots=True)
class Wanted:
    """What one target shall have, and what it must remember.

    `edge_ports` are the public ports in use, by component; `data_class` is what the environment's
    database holds since its first slot.
    """

    data_class: str = ""
    artifacts: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    metrics_port: int | None = None
    bind: str = "127.0.0.1"
    fence: int = 0
    mark: str = ""
    marked_by: str = ""
    marked_at: str = ""
    mark_reason: str = ""
    weights: dict[str, int] = field(default_factory=dict)
    background: str | None = None
    slots: dict[str, SlotSpec] = field(default_factory=dict)
    edge_ports: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        raw = {name: getattr(self, name) for name in self.__slots__ if name != "slots"}
        return {**raw, "slots": [protocol.write_slot(slot) for slot in self.slots.values()]}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Wanted:
        """From the file."""
        slots = [protocol.read_slot(entry) for entry in raw["slots"]]
        rest = {key: value for key, value in raw.items() if key in cls.__slots__ and key != "slots"}
        return cls(**rest, slots={slot.slot: slot for slot in slots})


class StateFile:
    """The file in the agent's folder. Raises OSError where the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "state.json"
        self._written = ""
        raw = self._read()
        self.mark: str = raw.get("mark") or secrets.token_hex(8)
        self.generation: int = raw.get("generation", 0) + 1
        self.seen_artifacts: dict[str, str] = raw.get("seen_artifacts", {})
        self.targets = {key: Wanted.from_json(value) for key, value in raw.get("targets", {}).items()}

    def wanted(self, key: str) -> Wanted:
        """What is wanted of that target; empty for one that is new."""
        return self.targets.get(key) or Wanted()

    def save(self, key: str | None = None, wanted: Wanted | None = None) -> None:
        """Keep all, with `wanted` under `key`; it is on the disk when this returns."""
        if key is not None and wanted is not None:
            self.targets[key] = wanted
        document = {
            "mark": self.mark,
            "generation": self.generation,
            "seen_artifacts": dict(list(self.seen_artifacts.items())[-1000:]),
            "targets": {name: target.to_json() for name, target in self.targets.items()},
        }
        text = json.dumps(document, indent=1)
        if text != self._written:  # calls are repeated; the disk need not hear of it each time
            write_atomically(self._path, text)
            self._written = text

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return {}


def write_atomically(path: Path, text: str) -> None:
    """Replace the file at `path` whole; a reader sees the old text or the new."""
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
