"""What a gate's frozen summary covers, in sentences that a signer reads and a signature keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FACTS = (
    ("version", "Version"),
    ("kind", "Kind"),
    ("title", "Title"),
    ("commit", "Commit"),
    ("content_hash", "Content"),
)


def covers(summary: Mapping[str, Any]) -> list[str]:
    """The sentences, in order: what it is, what changes, how it ships. Unknown parts are left to the hash."""
    told = [f"{words} {summary[name]}" for name, words in FACTS if summary.get(name)]
    told += [_change(row) for row in summary.get("changes", ()) if isinstance(row, Mapping)]
    told += [str(sentence) for sentence in summary.get("plan", ())]
    if summary.get("forward_fix_plan"):
        told.append(f"Plan to fix forward: {summary['forward_fix_plan']}")
    return told


def _change(row: Mapping[str, Any]) -> str:
    before, after = (_named(row.get(side)) for side in ("before", "after"))
    migration = row.get("migration", "none")
    tail = "" if migration == "none" else f", migration {migration}"
    return f"{row.get('component')}: {before} to {after}{tail}"


def _named(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return "nothing"
    return str(entry.get("version") or str(entry.get("artifact", ""))[:19])
