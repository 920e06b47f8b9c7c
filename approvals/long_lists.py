"""Lists that years have made long, page by page: counted as far as a reader turns, not to their end.

In: rows and the page that is asked for. Out: Django's page. Called by the views of lists; counting every row
that fits would make a page slower with each year of history.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet

COUNTED = 1_000
"""Rows that are counted, more where the asked page lies behind them."""
AHEAD = 2
"""Pages behind the asked one that are counted as well, so that there is a way on."""

M = TypeVar("M", bound=Model)


class LongList(Paginator):  # type: ignore[type-arg]  # generic in its stubs alone
    """Rows in pages. `more` is True where there are more than `count`, which is then a round number."""

    def __init__(self, rows: QuerySet[Any], size: int, asked: str | None) -> None:
        super().__init__(rows, size)
        number = asked if asked and asked.isascii() and asked.isdigit() and len(asked) < 10 else "1"
        self.asked = max(1, int(number))
        most = max(COUNTED, (self.asked + AHEAD) * size)
        found = rows.order_by().values("pk")[: most + 1].count()
        self.count = min(found, most)
        self.more = found > most

    @property
    def counted(self) -> str:
        """The number for people: "41", or "more than 1,000"."""
        return f"more than {self.count:,}" if self.more else f"{self.count:,}"

    @property
    def pages_counted(self) -> str:
        """The number of pages, in the same way."""
        return f"more than {self.num_pages:,}" if self.more else f"{self.num_pages:,}"


def page_of(rows: QuerySet[M], size: int, asked: str | None) -> tuple[Page[M], LongList]:
    """The page that the address asks for, the nearest one where there is none, and its list."""
    found = LongList(rows, size, asked)
    return found.get_page(found.asked), found
