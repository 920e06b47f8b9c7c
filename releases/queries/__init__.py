"""Reading releases: one, many, their readiness, their one sentence, what waits for a person.

Called by pages, the API, mail and the services here. Nothing in this room changes a row.
"""

from releases.queries.calendar import Frozen, freezes, frozen
from releases.queries.changes import Difference, changes_of, diff, revision
from releases.queries.dossier import fact_definitions
from releases.queries.fact import Fact
from releases.queries.headlines import headline, headlines
from releases.queries.items import ItemStanding, item_standings, standings_of
from releases.queries.known import Known
from releases.queries.lists import SORTS, get, get_to_show, listed_by, releases
from releases.queries.moments import Readiness, readiness
from releases.queries.plans import plan_now, plan_of, seal_of
from releases.queries.previews import preview_of
from releases.queries.urgent import Waiting
from releases.queries.waiting import for_person, know, of_interest, waiting_among

__all__ = [
    "SORTS",
    "Difference",
    "Fact",
    "Frozen",
    "ItemStanding",
    "Known",
    "Readiness",
    "Waiting",
    "changes_of",
    "diff",
    "fact_definitions",
    "for_person",
    "freezes",
    "frozen",
    "get",
    "get_to_show",
    "headline",
    "headlines",
    "item_standings",
    "know",
    "listed_by",
    "of_interest",
    "plan_now",
    "plan_of",
    "preview_of",
    "readiness",
    "releases",
    "revision",
    "seal_of",
    "standings_of",
    "waiting_among",
]
