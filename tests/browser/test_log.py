"""The log of a run holds thousands of lines: a window of them stands in the page, in order, none lost."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import transaction

from deployments.models import DeploymentRun, ProgressHead
from deployments.services.progress import Line
from deployments.services.progress import write as written
from deployments.states import LineKind
from tests.browser.site import Site
from tests.browser.visits import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MOST = 300 + 100
"""Rows that a page may hold at a moment: the window, and a step while it moves."""
SHOWN = "[...document.querySelectorAll('#log-list li')].map((row) => Number(row.dataset.seq))"


def write(run_id: int, count: int, words: str = "line") -> int:
    """The component says `count` lines; returns the newest position."""
    with transaction.atomic():
        run = DeploymentRun.objects.select_for_update().get(pk=run_id)
        begun = ProgressHead.objects.get(pk=run_id).seq
        return written(run, [Line(LineKind.LOG, f"{words} {begun + n + 1}") for n in range(count)])


def shown(page: Any) -> list[int]:
    """Positions in the page, top to bottom: in order, and no more than a window of them."""
    found: list[int] = page.evaluate(SHOWN)
    assert found == sorted(set(found))
    assert len(found) <= MOST
    return found


def wait_for_newest(page: Any, seq: int) -> None:
    page.locator(f"#log-list li:last-child[data-seq='{seq}']").wait_for()


def scroll(page: Any, to: str) -> None:
    page.evaluate(f"document.querySelector('#log').scrollTop = {to}")


def wait_for_other(page: Any, before: list[int]) -> None:
    """Until the window has moved. (The browser's own waiting evaluates text, which the policy refuses.)"""
    limit = time.monotonic() + 30
    while page.evaluate(SHOWN) == before:
        assert time.monotonic() < limit, f"nothing came after {before[0]} … {before[-1]}"
        page.wait_for_timeout(20)


def read_through(page: Any, to: str, until: int) -> set[int]:
    """Scroll to that end again and again until `until` stands in the page; every position seen on the way."""
    seen: set[int] = set()
    while until not in seen:
        before = shown(page)
        seen |= set(before)
        if until in seen:
            break
        scroll(page, to)
        wait_for_other(page, before)
    return seen


@pytest.fixture
def page(site: Site, visitor: Visitor) -> Any:
    opened = visitor.visit(site, f"/deployments/{site.run}/", "devon")
    opened.locator("[data-conn]").get_by_text("Live", exact=True).wait_for()
    return opened


def test_window_stays_small_and_ends_with_the_newest_line(site: Site, page: Any) -> None:
    for _ in range(4):
        newest = site.do(write, site.run, 500)
    wait_for_newest(page, newest)
    found = shown(page)
    assert found == list(range(newest - len(found) + 1, newest + 1))


ARRIVE_THEN_SCROLL = """() => {
  const newest = Number(document.querySelector('#log-list li:last-child').dataset.seq);
  const line = { at: "2026-01-01T00:00:00Z", kind: "log", text: "said" };
  const lines = Array.from({ length: 500 }, (_, n) => ({ ...line, seq: newest + 1 + n }));
  document.dispatchEvent(new CustomEvent("portal:frame", { detail: { lines } }));
  document.querySelector("#log").dispatchEvent(new Event("scroll"));
  return newest + 500;
}"""


def test_lines_that_arrive_before_the_drawing_s_own_scroll_is_told_do_not_end_following(
    site: Site, page: Any
) -> None:
    wait_for_newest(page, site.do(write, site.run, 500))
    wait_for_newest(page, page.evaluate(ARRIVE_THEN_SCROLL))
    assert page.locator("#follow").get_attribute("aria-pressed") == "true"


def test_scrolling_back_brings_every_older_line_and_none_is_lost_below(site: Site, page: Any) -> None:
    for _ in range(2):
        newest = site.do(write, site.run, 1000)
    wait_for_newest(page, newest)
    scroll(page, "0")
    page.locator("#follow[aria-pressed=false]").wait_for()
    later = site.do(write, site.run, 700, "said while somebody reads above")
    oldest = newest - 1600
    assert read_through(page, "0", oldest) >= set(range(oldest, newest - 400))
    assert read_through(page, "document.querySelector('#log').scrollHeight", later) >= set(
        range(oldest, later + 1)
    )
    scroll(page, "document.querySelector('#log').scrollHeight")
    page.locator("#follow[aria-pressed=true]").wait_for()


def test_lines_from_before_the_page_was_opened_come_from_the_server(site: Site, visitor: Visitor) -> None:
    newest = site.do(write, site.run, 900)
    page = visitor.visit(site, f"/deployments/{site.run}/", "devon")
    assert len(shown(page)) == 200
    assert read_through(page, "0", newest - 850) >= set(range(newest - 850, newest + 1))


def test_filter_holds_for_lines_that_arrive(site: Site, visitor: Visitor) -> None:
    page = visitor.visit(site, f"/deployments/{site.run}/?log=warnings", "devon")
    page.locator("[data-conn]").get_by_text("Live", exact=True).wait_for()
    before = shown(page)
    site.do(write, site.run, 50)
    newest = site.do(warn, site.run)
    wait_for_newest(page, newest)
    assert shown(page) == [*before, newest]
    assert visitor.complaints == []


def warn(run_id: int) -> int:
    with transaction.atomic():
        run = DeploymentRun.objects.select_for_update().get(pk=run_id)
        return written(run, [Line(LineKind.LOG, "slow answer", level="warning")])
