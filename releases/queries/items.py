"""Where the lines of checklist and validations stand: the newest result of each, and whether it counts.

One query for any number of releases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from releases.models import ItemResult, Release, ReleaseItem
from releases.states import ItemList, Outcome

StandingState = Literal["missing", "stale", "pass", "fail", "not_applicable"]


@dataclass(frozen=True, slots=True)
class ItemStanding:
    """One line with its newest result. `stale`: given for other content, so it counts no more."""

    item: ReleaseItem
    state: StandingState
    remark: str = ""
    link: str = ""
    by: str = ""
    at: datetime | None = None
    content_hash: str = ""

    @property
    def done(self) -> bool:
        """True when nothing more is asked of this line."""
        return self.state in ("pass", "not_applicable")


def item_standings(release: Release) -> list[ItemStanding]:
    """The lines of one release, checklist first."""
    return standings_of([release])[release.pk]


def standings_of(releases: Iterable[Release], kind: ItemList | None = None) -> dict[int, list[ItemStanding]]:
    """The lines of many releases by release id, in one query."""
    by_id = {release.pk: release for release in releases}
    newest = ItemResult.objects.filter(item=OuterRef("pk")).order_by("-id")
    result = JSONObject(
        result="result", remark="remark", link="link", by="by", at="at", content_hash="content_hash"
    )
    rows = ReleaseItem.objects.filter(release_id__in=by_id)
    if kind is not None:
        rows = rows.filter(list=kind)
    found: dict[int, list[ItemStanding]] = defaultdict(list)
    for item in rows.annotate(newest=Subquery(newest.values(found=result)[:1])):
        found[item.release_id].append(_standing(item, by_id[item.release_id]))
    return {pk: found[pk] for pk in by_id}


def _standing(item: ReleaseItem, release: Release) -> ItemStanding:
    newest = item.newest  # type: ignore[attr-defined]  # annotated above
    if newest is None:
        return ItemStanding(item, "missing")
    bound = item.about_artefacts or item.list == ItemList.VALIDATION
    current = not bound or newest["content_hash"] == release.content_hash
    return ItemStanding(
        item,
        _state(newest["result"]) if current else "stale",
        newest["remark"],
        newest["link"],
        newest["by"],
        datetime.fromisoformat(newest["at"]),
        newest["content_hash"],
    )


def _state(result: str) -> StandingState:
    states: dict[str, StandingState] = {
        Outcome.PASS: "pass",
        Outcome.FAIL: "fail",
        Outcome.NOT_APPLICABLE: "not_applicable",
    }
    return states[result]
