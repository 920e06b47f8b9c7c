"""What changes between two contents, as rows that a page lists. Pure: two JSON contents in, rows out.

Called by the release page (base against content), the go/no-go room and the comparison of revisions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KIND_WORDS = {"http": "service", "worker": "worker", "schedule": "schedule"}
MIGRATION_WORDS = {
    "none": "",
    "expand": "Expands the database; the old version runs with it",
    "contract": "Takes away what no version uses any more, after monitoring",
    "irreversible": "Cannot be undone: nothing goes back by itself after it",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One row: what it is about, from, to, and what proves or explains it."""

    icon: str
    name: str
    before: str
    after: str
    proof: str = ""
    note: str = ""
    digest: str = ""
    removed: bool = False


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Change]:
    """Every difference of components, migrations, settings and secret versions, in that order."""
    old: Mapping[str, Any] = (before or {}).get("components", {})
    new: Mapping[str, Any] = after.get("components", {})
    rows: list[Change] = []
    names = [*new, *(name for name in old if name not in new)]
    for rule in (_artefacts, _migrations, _settings, _secrets):
        for name in names:
            rows.extend(rule(name, old.get(name) or {}, new.get(name) or {}))
    return rows


def summary(rows: list[Change]) -> str:
    """ "2 components, 1 migration, 1 setting", from the rows."""
    counted = []
    for icon, one, many in (
        ("box", "component", "components"),
        ("db", "migration", "migrations"),
        ("sliders", "setting", "settings"),
        ("key", "secret version", "secret versions"),
    ):
        count = sum(row.icon == icon for row in rows)
        if count:
            counted.append(f"{count} {one if count == 1 else many}")
    return ", ".join(counted) or "nothing"


def _artefacts(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if old.get("artifact") == new.get("artifact") and old.get("version") == new.get("version"):
        return
    kind = KIND_WORDS.get(str((new or old).get("kind", "")), "")
    yield Change(
        icon="box",
        name=name,
        before=_version(old) if old else "not there",
        after=_version(new) if new else "taken away",
        proof=kind,
        digest=str(new.get("artifact", "")),
        removed=not new,
    )


def _version(entry: Mapping[str, Any]) -> str:
    return str(entry.get("version") or "") or str(entry.get("artifact", "")).removeprefix("sha256:")[:12]


def _migrations(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    was, now = old.get("migration") or {}, new.get("migration") or {}
    if was == now or now.get("class", "none") == "none":
        return
    yield Change(
        icon="db",
        name=f"{name}: migration",
        before=str(was.get("hash", ""))[:16] or "none",
        after=str(now.get("hash", ""))[:16],
        proof=str(now.get("class", "")).capitalize(),
        note=MIGRATION_WORDS.get(str(now.get("class")), ""),
    )


def _settings(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    yield from _entries("sliders", name, old.get("configuration") or {}, new.get("configuration") or {})


def _secrets(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Versions only: no value of a secret is ever in a content."""
    yield from _entries(
        "key", name, old.get("secrets") or {}, new.get("secrets") or {}, "version of a secret"
    )


def _entries(
    icon: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any], proof: str = ""
) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield Change(
                icon, f"{name}: {key}", str(old.get(key, "not set")), str(new.get(key, "not set")), proof
            )
