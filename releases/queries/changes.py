"""What differs: between a release and its base, and between two of its revisions. Read by pages and mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from releases.content import NO_MIGRATION, Content
from releases.models import Release, Revision

WATCHED = (
    "artifact",
    "version",
    "configuration",
    "secrets",
    "migration",
    "manifest",
    "kind",
    "edge",
    "drain_seconds",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; `path` names it, None means that it was not there."""

    path: str
    before: Any
    after: Any


def changes_of(release: Release) -> list[dict[str, Any]]:
    """What the release brings that its base did not have, component by component, as plain JSON."""
    running = release.base_run.content["components"] if release.base_run else {}
    rows = []
    for name, entry in release.content["components"].items():
        before = running.get(name)
        if before is None or any(before.get(key) != entry.get(key) for key in WATCHED):
            rows.append(
                {
                    "component": name,
                    "before": _brief(before),
                    "after": _brief(entry),
                    "migration": entry.get("migration", NO_MIGRATION)["class"],
                }
            )
    gone = [name for name in running if name not in release.content["components"]]
    return rows + [
        {"component": name, "before": _brief(running[name]), "after": None, "migration": "none"}
        for name in gone
    ]


def _brief(entry: dict[str, Any] | None) -> dict[str, str] | None:
    return None if entry is None else {"artifact": entry["artifact"], "version": entry.get("version", "")}


def diff(before: Revision, after: Revision) -> list[Difference]:
    """Every value of content, plan and seal that differs, in the order of their paths."""
    old = {"content": before.content, "plan": before.plan or {}, "seal": before.seal}
    new = {"content": after.content, "plan": after.plan or {}, "seal": after.seal}
    return sorted(_walk("", old, new), key=lambda difference: difference.path)


def _walk(path: str, old: Any, new: Any) -> list[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in old.keys() | new.keys():
            found += _walk(f"{path}.{key}" if path else str(key), old.get(key), new.get(key))
        return found
    if (isinstance(old, dict) and new is None) or (isinstance(new, dict) and old is None):
        return _walk(path, old or {}, new or {}) or [Difference(path, old, new)]
    return [] if old == new else [Difference(path, old, new)]


def revision(release: Release, number: int) -> Revision | None:
    """One revision of a release."""
    return release.revisions.filter(number=number).first()


def component_names(content: Content) -> list[str]:
    """The components of a content, by name."""
    return sorted(content.get("components", {}))
