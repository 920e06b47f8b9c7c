"""Checklist and validations as a page lists them: each line with its newest result.

In: a release. Out: two `ItemPanel`s from one query (`releases.queries.items`). Called by the release page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.actors import Actor
from approvals.acts import refusal
from releases.models import Release
from releases.queries.items import ItemStanding
from releases.states import ItemList
from releases.verbs import WAYS, Verb

TITLES = {ItemList.CHECKLIST: "Checklist", ItemList.VALIDATION: "Staging validation"}
VERBS = {ItemList.CHECKLIST: Verb.RECORD_CHECKLIST, ItemList.VALIDATION: Verb.RECORD_VALIDATION}


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One line: where it stands and who said so, by hand or by machine."""

    standing: ItemStanding
    by: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class ItemPanel:
    """One list with its counts; `refused` says why this reader cannot record, "state" when nobody can."""

    list: str
    title: str
    rows: tuple[ItemRow, ...]
    passed: int
    failed: int
    open: int
    refused: str

    @property
    def count_words(self) -> str:
        """ "6 of 6"."""
        return f"{self.passed} of {len(self.rows)}"


def panels(
    release: Release, actor: Actor, standings: list[ItemStanding], names: Mapping[str, str]
) -> list[ItemPanel]:
    """Checklist and validations of a release."""
    return [_panel(release, actor, which, standings, names) for which in ItemList]


def _panel(
    release: Release, actor: Actor, which: ItemList, standings: list[ItemStanding], names: Mapping[str, str]
) -> ItemPanel:
    rows = tuple(
        ItemRow(standing, names.get(standing.by, standing.by), standing.by.startswith("person:"))
        for standing in standings
        if standing.item.list == which
    )
    settled = sum(row.standing.done for row in rows)
    failed = sum(row.standing.state == "fail" for row in rows)
    way = WAYS[VERBS[which]]
    refused = refusal(actor, way.action) if release.status in way.states else "state"
    return ItemPanel(which.value, TITLES[which], rows, settled, failed, len(rows) - settled, refused)
