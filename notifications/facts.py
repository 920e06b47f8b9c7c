"""What a mail says about a release, read once per event from `releases` and `deployments`.

Texts that people wrote pass the masking filter and are cut to what a mail can hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from deployments.models import Region
from events.queries import masker
from notifications.letters.times import Window
from releases.models import Release

TEXT_LIMIT = 700
"""Characters of a person's text in a mail; the portal shows the whole."""


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """One release as mails tell it. `regions` are name and zone, in the order of the plan."""

    version: str
    title: str
    kind: str
    state: str
    seal: str
    window: Window | None
    regions: tuple[tuple[str, str], ...]
    weights: tuple[int, ...]
    changes: str
    emergency: bool
    extended_because: str
    monitoring_ends_at: datetime | None
    base_version: str
    page: str
    room: str
    run_page: str
    author_ids: frozenset[str]


def facts_of(release: Release) -> ReleaseFacts:
    """Everything above, in a handful of queries."""
    plan: Mapping[str, Any] = release.plan or {}
    page = f"{settings.PORTAL_BASE_URL}/releases/{release.version}/"
    run = release.production_run_id
    authors = release.authors.filter(user__isnull=False).select_related("user")
    return ReleaseFacts(
        version=release.version,
        title=plain(release.title),
        kind=release.get_kind_display().lower(),
        state=release.state,
        seal=release.seal,
        window=_window(release),
        regions=_regions(list(plan.get("regions", []))),
        weights=tuple(w for w in plan.get("weights", []) if isinstance(w, int)),
        changes=_changes(release),
        emergency=release.emergency,
        extended_because=plain(release.extended_because),
        monitoring_ends_at=release.monitoring_ends_at,
        base_version=str((release.content.get("base") or {}).get("version") or ""),
        page=page,
        room=f"{page}go/",
        run_page=f"{settings.PORTAL_BASE_URL}/deployments/{run}/" if run else page,
        author_ids=frozenset(author.user.actor_id for author in authors if author.user),
    )


def plain(text: str, limit: int = TEXT_LIMIT) -> str:
    """A person's text for a mail: masked, on one line, without control characters, cut with "…"."""
    masked, _ = masker().mask(text)
    return cut(one_line(masked), limit)


def cut(line: str, limit: int = TEXT_LIMIT) -> str:
    """The line, or its beginning and "…"."""
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def one_line(text: str) -> str:
    """The text without line breaks, control characters and marks that turn its direction."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    visible = "".join(c for c in kept if c in "\u200c\u200d" or unicodedata.category(c) not in ("Cf", "Cs"))
    return re.sub(r"\s+", " ", visible).strip()


def _window(release: Release) -> Window | None:
    if release.window_start is None or release.window_end is None:
        return None
    return release.window_start, release.window_end


def _regions(names: list[str]) -> tuple[tuple[str, str], ...]:
    zones = dict(Region.objects.filter(name__in=names).values_list("name", "zone"))
    return tuple((name, zones[name]) for name in names if name in zones)


def _changes(release: Release) -> str:
    components: Mapping[str, Mapping[str, Any]] = release.content.get("components", {})
    brought = [name for name in components if name in release.brings]
    parts = [f"{name} {components[name].get('version', '')}".strip() for name in brought]
    classes = [str((components[name].get("migration") or {}).get("class") or "none") for name in brought]
    for kind in sorted(set(classes) - {"none"}):
        number = classes.count(kind)
        parts.append(f"{number} {kind} migration{'s' if number > 1 else ''}")
    return cut(one_line(", ".join(parts))) or "no component of its own"
