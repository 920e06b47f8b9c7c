"""The content of a release as JSON, its canonical hash, and its seal. Pure: no I/O, no tables.

Comes in: what CI or a person named for a component. Goes out: checked entries, or sentences under
the caller's field names. `releases.services` puts base and definitions together with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from events import canonical
from releases.states import MigrationClass
from releases.texts import Faults, fault, line

Entry = dict[str, Any]
Content = dict[str, Any]

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_MIGRATION_HASH = re.compile(r"[0-9A-Za-z:._+-]{0,100}")
MOST_SETTINGS = 200
SETTING_CHARACTERS = 8_000

FIELDS = ("artifact", "version", "configuration", "migration", "secrets")


def read_entry(given: object, path: str, faults: Faults) -> Entry:
    """The fields that the caller named for one component, checked; the digest must be among them."""
    if not isinstance(given, Mapping):
        fault(faults, path, f"A component is an object with {', '.join(FIELDS)}.")
        return {}
    for key in given:
        if key not in FIELDS:
            fault(faults, f"{path}.{key}"[:200], f"Unknown field; known ones are {', '.join(FIELDS)}.")
    entry: Entry = {"artifact": _digest(given.get("artifact"), f"{path}.artifact", faults)}
    if "version" in given:
        entry["version"] = line(given["version"], f"{path}.version", faults, limit=100)
    if "configuration" in given:
        entry["configuration"] = _settings(given["configuration"], f"{path}.configuration", faults)
    if "secrets" in given:
        entry["secrets"] = _settings(given["secrets"], f"{path}.secrets", faults, limit=100)
    if "migration" in given:
        entry["migration"] = _migration(given["migration"], f"{path}.migration", faults)
    return entry


def read_components(given: object, known: Iterable[str], faults: Faults) -> dict[str, Entry]:
    """Entries by component name; unknown names are refused with the known ones."""
    names = sorted(known)
    if not isinstance(given, Mapping):
        fault(faults, "components", "Components are an object of name to entry.")
        return {}
    entries: dict[str, Entry] = {}
    for name, entry in given.items():
        if name not in names:
            fault(faults, f"components.{name}"[:200], unknown_component(names))
            continue
        entries[name] = read_entry(entry, f"components.{name}", faults)
    return entries


def unknown_component(known: Iterable[str]) -> str:
    """The refusal of a component that the platform file does not name."""
    return f"Unknown component; the platform file names {', '.join(sorted(known)) or 'none'}."


def _digest(value: object, path: str, faults: Faults) -> str:
    if not isinstance(value, str) or not DIGEST.fullmatch(value):
        fault(faults, path, "A digest is “sha256:” and 64 hexadecimal digits in small letters.")
        return ""
    return value


def _settings(value: object, path: str, faults: Faults, limit: int = SETTING_CHARACTERS) -> dict[str, str]:
    if not isinstance(value, Mapping):
        fault(faults, path, "This must be an object of names to texts.")
        return {}
    if len(value) > MOST_SETTINGS:
        fault(faults, path, f"At most {MOST_SETTINGS} entries are kept.")
        return {}
    kept: dict[str, str] = {}
    for key, text in value.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            fault(faults, path, "Names are letters, digits and underscores, and begin with no digit.")
        else:
            kept[key] = line(text, f"{path}.{key}", faults, limit=limit)
    return kept


def _migration(value: object, path: str, faults: Faults) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= {"class", "hash"}:
        fault(faults, path, "A migration is an object with class and hash.")
        return dict(NO_MIGRATION)
    found = value.get("class", MigrationClass.NONE.value)
    digest = value.get("hash", "")
    if found not in MigrationClass.values:
        fault(faults, f"{path}.class", f"The class is one of {', '.join(MigrationClass.values)}.")
    if not isinstance(digest, str) or not _MIGRATION_HASH.fullmatch(digest):
        fault(faults, f"{path}.hash", "The hash is at most 100 letters and digits.")
    elif found in MigrationClass.values and found != MigrationClass.NONE and not digest:
        fault(faults, f"{path}.hash", "A migration needs its hash, so that another one shows.")
    return {"class": str(found), "hash": str(digest)}


NO_MIGRATION: Mapping[str, str] = {"class": MigrationClass.NONE.value, "hash": ""}


def whole_entry(named: Entry, before: Entry | None, definition: Mapping[str, Any]) -> Entry:
    """A component's entry in the content: what was named, else what the release had or copied.

    Version and migration are the artefact's own: a new digest without them has none. The definition
    of the platform file is frozen in with it.
    """
    earlier = before or {}
    own = earlier if earlier.get("artifact") == named["artifact"] else {}
    return {
        **definition,
        "artifact": named["artifact"],
        "version": named.get("version", own.get("version", "")),
        "configuration": named.get("configuration", earlier.get("configuration", {})),
        "secrets": named.get("secrets", earlier.get("secrets", {})),
        "migration": named.get("migration", own.get("migration", dict(NO_MIGRATION))),
    }


def copied_entry(entry: Entry) -> Entry:
    """A component as production runs it; its migration has been applied there, so it brings none."""
    digest = entry.get("migration", NO_MIGRATION).get("hash", "")
    return {**entry, "migration": {"class": MigrationClass.NONE.value, "hash": digest}}


def content_hash(content: Content) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of the content: what staging proves."""
    return canonical.sha256(content)


def seal(*, content_hash: str, version: str, kind: str, plan: Mapping[str, Any] | None) -> str:
    """SHA-256 over content hash, version, kind and plan: what people sign."""
    return canonical.sha256({"content_hash": content_hash, "version": version, "kind": kind, "plan": plan})


def missing_components(content: Content, known: Iterable[str]) -> list[str]:
    """Names of components without a digest."""
    have = content.get("components", {})
    return [name for name in known if not have.get(name, {}).get("artifact")]


def is_irreversible(content: Content) -> bool:
    """True when a component's migration leaves no way back."""
    return any(
        entry.get("migration", NO_MIGRATION)["class"] == MigrationClass.IRREVERSIBLE
        for entry in content.get("components", {}).values()
    )
