"""Long, foreign, many, one, none, late, and twice at once: what people, names and clocks do to the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deployments.models import DeploymentRun, Region, Target, TargetView
from deployments.states import RunState
from events import clock
from releases.models import Component, Release
from tests.browser.site import Site
from tests.browser.visits import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
HEBREW = "שחרור של מערכת התורים החדשה למרפאות"
PLACES = (
    "/",
    "/releases/",
    "/releases/2026.11.0/",
    "/releases/2026.11.0/go/",
    "/releases/2026.11.0/content/",
    "/for-you/",
    "/environments/",
    "/deployments/",
)


def demand_whole(site: Site, visitor: Visitor, *paths: str, name: str = "rita") -> None:
    """Every page opens, holds its words, and scrolls sideways on no screen from 320 to 1920 pixels."""
    for path in paths:
        page = visitor.visit(site, path, name)
        for width in (320, 390, 768, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 256})
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} is {wide} px too wide at {width}"
    assert visitor.complaints == []


def retitle(title: str, notes: str) -> None:
    Release.objects.update(title=title[:200], notes=notes)
    DeploymentRun.objects.update(sentence=notes[:400], reason=notes[:400])


def test_very_long_names_and_reasons_stay_inside_the_screen(site: Site, visitor: Visitor) -> None:
    site.do(retitle, LONG, LONG * 5)
    demand_whole(site, visitor, *PLACES, f"/deployments/{site.run}/")


def direction(page: Any, words: str) -> str:
    """The direction in which the browser lays out the smallest element that holds these words."""
    found: str = page.evaluate(
        "(words) => { const all = [...document.querySelectorAll('main *')].filter((e) => "
        "e.textContent.includes(words)); const e = all.at(-1); "
        "return `${getComputedStyle(e).unicodeBidi} ${getComputedStyle(e).direction} ${e.dir}`; }",
        words,
    )
    return found


def test_right_to_left_words_turn_nothing_around_them(site: Site, visitor: Visitor) -> None:
    site.do(retitle, HEBREW, f"{HEBREW}. {HEBREW}")
    demand_whole(site, visitor, *PLACES, f"/deployments/{site.run}/")
    page = visitor.visit(site, "/releases/", "rita")
    told = direction(page, HEBREW)
    assert "isolate" in told or "plaintext" in told or told.endswith("auto"), told
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"


def many_components() -> None:
    """Fifty components in what the releases bring and in what is seen to run."""
    release = Release.objects.get(version="2026.11.0")
    entry = next(iter(release.content["components"].values()))
    names = [f"service-number-{n}-of-the-booking-platform" for n in range(50)]
    Component.objects.bulk_create(
        Component(name=name, kind="http", position=100 + n) for n, name in enumerate(names)
    )
    content = release.content | {"components": release.content["components"] | dict.fromkeys(names, entry)}
    Release.objects.filter(pk=release.pk).update(content=content, brings=names)
    for view in TargetView.objects.all():
        for slot in view.slots.values():
            first = slot["components"][0]
            slot["components"] += [first | {"name": name} for name in names]
        view.save()


def test_fifty_components_are_all_there(site: Site, visitor: Visitor) -> None:
    site.do(many_components)
    demand_whole(site, visitor, *PLACES)
    words = visitor.visit(site, "/releases/2026.11.0/content/", "rita").locator("main").inner_text()
    assert all(f"service-number-{n}-of" in words for n in range(50))


def regions(count: int) -> None:
    """As many regions in the last environment, each seen."""
    last = Target.objects.select_related("view").filter(environment__name="production")
    first, *others = last
    TargetView.objects.filter(target__in=others).delete()
    Target.objects.filter(pk__in=[target.pk for target in others]).update(retired_at=clock.now())
    for number in range(count - 1):
        region, _ = Region.objects.get_or_create(
            name=f"region-{number}-of-a-far-country", zone="Asia/Kolkata"
        )
        copy, view = Target.objects.get(pk=first.pk), TargetView.objects.get(target=first)
        copy.pk, copy.region = None, region
        copy.save()
        view.pk, view.target = None, copy
        view.save()


@pytest.mark.parametrize("count", [1, 6])
def test_one_region_and_six(count: int, site: Site, visitor: Visitor) -> None:
    site.do(regions, count)
    demand_whole(site, visitor, "/", "/environments/", f"/deployments/{site.run}/")
    page = visitor.visit(site, "/environments/", "rita")
    assert page.locator("main").inner_text().count("-of-a-far-country") >= count - 1


def test_no_data_at_all_says_so(empty_site: Site, visitor: Visitor) -> None:
    paths = ("/", "/for-you/", "/releases/", "/deployments/", "/environments/", "/audit/", "/outbox/")
    demand_whole(empty_site, visitor, *paths)
    words = visitor.visit(empty_site, "/", "rita").locator("main").inner_text()
    assert "Nothing waits for you." in words
    assert "healthy" not in words


def test_clock_of_the_reader_an_hour_off_changes_no_age(site: Site, visitor: Visitor) -> None:
    page = visitor.fresh(site, "devon")
    page.clock.install(time=clock.now() + timedelta(hours=1))
    page.goto(f"{site.portal}/deployments/{site.run}/")
    page.locator("[data-conn]").get_by_text("Live", exact=True).wait_for()
    page.clock.run_for(2000)
    shown = page.locator("time[data-clock=UTC]").first.inner_text()
    now = clock.now()
    assert shown in {f"{now + timedelta(minutes=minutes):%H:%M}" for minutes in (-1, 0, 1)}
    page.context.close()


def test_session_that_ends_in_the_middle_of_a_signature_keeps_the_draft(site: Site, visitor: Visitor) -> None:
    room, words = f"{site.portal}/releases/2026.11.0/go/", "Rejoining was tried on three phones."
    page = visitor.fresh(site, "quinn")
    page.goto(room)
    page.locator("#sign-form [name=answer][value=go]").check()
    page.locator("#sign-form [name=remark]").fill(words)
    page.context.clear_cookies(name="hmhp_session")
    page.get_by_role("button", name="Sign 2026.11.0").click()
    page.locator("[name=login]").wait_for()
    visitor.log_in(site, "quinn", page.context)
    page.goto(room)
    assert page.locator("#sign-form [name=remark]").input_value() == words
    page.context.close()


def control(page: Any, act: str) -> Any:
    return page.locator(f"#act-{act}")


def run_on(run_id: int) -> None:
    DeploymentRun.objects.filter(pk=run_id).update(state=RunState.RUNNING)


def test_second_tab_gets_the_truth_and_back_shows_it(site: Site, visitor: Visitor) -> None:
    site.do(run_on, site.run)
    path = f"{site.portal}/deployments/{site.run}/"
    page = visitor.fresh(site, "devon")
    late = visitor.tab(page.context)
    late.route("**/panels/**", lambda route: route.abort())  # it has not heard of the pause yet
    for tab in (page, late):
        tab.goto(path)
        control(tab, "pause").wait_for()
    control(page, "pause").click()
    control(page, "resume").wait_for()
    control(late, "pause").click()
    late.get_by_text("is paused and cannot be paused").wait_for()
    control(page, "resume").click()
    control(page, "pause").wait_for()
    page.go_back()
    control(page, "pause").wait_for()
    assert control(page, "resume").count() == 0
    page.context.close()


def focused(page: Any) -> str:
    """The id of what has the keyboard, else its words."""
    found: str = page.evaluate("document.activeElement.id || document.activeElement.innerText")
    return found


def tab_to(page: Any, wanted: str, most: int) -> None:
    """Press Tab until that has the keyboard."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            return
    pytest.fail(f"{wanted} is not within {most} steps of the keyboard; it is at {focused(page)}")


def test_hands_that_touch_no_mouse_abort_a_run(site: Site, visitor: Visitor) -> None:
    site.do(run_on, site.run)
    page = visitor.fresh(site, "devon")
    page.goto(f"{site.portal}/deployments/{site.run}/")
    control(page, "abort").wait_for()
    tab_to(page, "act-abort", 30)
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('dialog[open]')")
    assert focused(page) == "act-abort"
    page.keyboard.press("Space")  # a link that is named a button is one by keys, too
    page.locator("dialog[open]").wait_for()
    tab_to(page, page.locator("dialog[open] button").last.inner_text(), 8)
    page.keyboard.press("Enter")
    control(page, "abort").wait_for(state="detached")
    assert site.do(lambda: DeploymentRun.objects.get(pk=site.run).state) == RunState.ROLLING_BACK
    page.context.close()
