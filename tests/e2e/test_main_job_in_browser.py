"""The main job in a real browser, as the four people: sign, go, start, watch, and come back by touch.

One portal for the file, on a platform of our own; its tests go on from each other, as releases do.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hmhp_portal.launcher.installation import Installation
from platforms.local.digest import digest_folder
from tests.e2e import own_platform
from tests.e2e.authenticator import App
from tests.e2e.browser import PASSWORD, PHONE, Browser, open_browser
from tests.e2e.rest_client import RestClient, Visitors
from tests.e2e.test_main_job_by_rest import TOKENS, World, create, live, to_production, to_review
from tests.portal_process import start_portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SET_PASSWORDS = (
    "from django.contrib.auth.hashers import make_password\n"
    "from accounts.models import User\n"
    f"User.objects.update(password=make_password({PASSWORD!r}))\n"
)
SILENT_MS = 10_000
"""So long a page hears nothing before it says that it is not live."""
SIGNED = {"jonas": "security_officer", "iris": "qa_lead", "mara": "release_manager"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A portal that serves 1.0.0 and has 1.1.0 in review, whose monitoring is long."""
    folder = tmp_path_factory.mktemp("browser")
    file = own_platform.lay_out(folder)
    data = folder / "data"
    with start_portal(data, "--platform", str(file)) as portal:
        tokens, secrets = json.loads(portal.command("shell", "-v0", "-c", SET_PASSWORDS + TOKENS))
        callers = {name: RestClient(portal.url, text) for name, text in tokens.items()}
        world = World(portal, folder, callers, {name: App(secret) for name, secret in secrets.items()})
        first(world)
        watch_longer(world, file)
        second(world)
        yield world
    Installation(data).clear()


@pytest.fixture(scope="module")
def browser(world: World) -> Iterator[Browser]:
    with open_browser(world.portal.url, world.apps) as opened:
        yield opened


def entries(world: World, version: str, *names: str) -> dict[str, Any]:
    built = {name: own_platform.artefact(world.folder, name, version) for name in names}
    return {name: {"artifact": digest_folder(path), "version": version} for name, path in built.items()}


def first(world: World) -> None:
    create(world, "1.0.0", entries(world, "1.0", "patient-web", "scheduling"))
    to_production(world, "1.0.0", to_review(world, "1.0.0"))
    world.ci.wait("releases/1.0.0/", lambda shown: shown["state"] == "monitoring")
    with Visitors(live(world)["addresses"]["patient-web"]):
        world.ci.wait("releases/1.0.0/", lambda shown: shown["state"] == "completed")


def watch_longer(world: World, file: Path) -> None:
    document = own_platform.document()
    strategy = document["environments"][-1]["strategy"]
    strategy |= {"monitoring_seconds": 900, "bake_seconds": 15}
    file.write_text(json.dumps(document))
    world.portal.command("load_platform", str(file))


def second(world: World) -> None:
    create(world, "1.1.0", entries(world, "1.1", "scheduling"))
    to_review(world, "1.1.0")


def sign(page: Any, version: str) -> None:
    page.goto(
        f"{re.sub('/$', '', page.url.split('/account')[0].split('/releases')[0])}/releases/{version}/go/"
    )
    page.get_by_label("I sign the seal").check()
    page.get_by_label("Remark").fill("Looked at everything.")
    page.get_by_role("button", name=f"Sign {version}").click()
    page.get_by_text(f"You have signed {version}.").wait_for()


def test_signers_see_each_other_sign(browser: Browser) -> None:
    watching = browser.person("mara")
    watching.goto(f"{browser.portal}/releases/1.1.0/go/")
    watching.locator("[data-conn]").get_by_text("Live", exact=True).wait_for()
    plain = browser.log_in("jonas", java_script_enabled=False)
    for name, page in (("jonas", plain), ("iris", browser.person("iris"))):
        sign(page, "1.1.0")
        card = watching.locator(f"article:has(#s-{SIGNED[name]})")
        card.get_by_text("Signed", exact=True).wait_for()
    assert watching.locator("#act-approve").get_attribute("aria-disabled") == "true"
    plain.context.close()
    browser.leave("iris")


def test_session_that_ends_in_the_middle_of_a_signature_keeps_the_draft(browser: Browser) -> None:
    page = browser.person("mara")
    page.goto(f"{browser.portal}/releases/1.1.0/go/")
    page.get_by_label("I sign the seal").check()
    page.get_by_label("Remark").fill("Clinics open at nine.")
    browser.end_session(page)
    page.get_by_role("button", name="Sign 1.1.0").click()
    browser.give_password(page, "mara")
    page.wait_for_url("**/releases/1.1.0/go/")
    assert page.get_by_label("Remark").input_value() == "Clinics open at nine."


def test_back_after_an_act_shows_what_is_true_now(browser: Browser) -> None:
    page = browser.person("mara")
    sign(page, "1.1.0")
    page.locator("h1").get_by_text("1.1.0 is").wait_for()
    page.go_back()
    page.locator(f"article:has(#s-{SIGNED['mara']})").get_by_text("Signed", exact=True).wait_for()
    assert page.get_by_role("button", name="Sign 1.1.0").count() == 0


def test_release_manager_sets_the_window_and_says_go(browser: Browser) -> None:
    page = browser.person("mara")
    page.goto(f"{browser.portal}/releases/1.1.0/window/")
    now = datetime.now(UTC)
    page.get_by_label("From").fill(f"{now:%Y-%m-%dT%H:%M}")
    page.get_by_label("To", exact=True).fill(f"{now + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    page.get_by_label("Both in the time of").select_option("UTC")
    page.get_by_role("button", name="Set the window").click()
    page.get_by_text("The window is set.").wait_for()
    page.goto(f"{browser.portal}/releases/1.1.0/go/")
    page.locator("#act-approve").click()
    page.locator("dialog[open]").get_by_role("button", name="Go", exact=True).click()
    page.get_by_text("Go for 1.1.0.").wait_for()
    browser.leave("mara")


def demand_controls_in_reach(page: Any) -> None:
    """Pause, promote and abort lie inside a phone's screen, all three, while the run moves."""
    page.set_viewport_size({"width": 360, "height": 740})
    for act in ("pause", "promote", "abort"):
        box = page.locator(f"#act-{act}").bounding_box()
        assert box is not None
        assert box["x"] >= 0, act
        assert box["x"] + box["width"] <= 360, act
        assert box["y"] + box["height"] <= 740, act
    page.set_viewport_size({"width": 1440, "height": 1000})


def test_devops_engineer_starts_and_everybody_watches_through_a_dropped_network(
    browser: Browser, world: World
) -> None:
    page = browser.person("theo")
    page.goto(f"{browser.portal}/releases/1.1.0/facts/backup_age/")
    page.get_by_label("Clear").check()
    page.get_by_role("button", name="Keep the fact").click()
    page.get_by_text("The fact is kept.").wait_for()
    world.ci.wait(
        "releases/1.1.0/readiness/?environment=live&moment=start", lambda shown: shown["answer"] == "go"
    )
    page.clock.install()
    with Visitors(live(world)["addresses"]["patient-web"]) as visitors:
        page.goto(f"{browser.portal}/releases/1.1.0/deploy/")
        page.get_by_role("button", name="Start now").click()
        page.wait_for_url("**/deployments/*/")
        page.locator("[data-conn]").get_by_text("Live", exact=True).wait_for()
        page.get_by_text("40 % green").wait_for()
        demand_controls_in_reach(page)
        page.context.set_offline(True)
        page.clock.fast_forward(SILENT_MS)  # while it hears nothing, a chromium takes a whole processor
        page.locator("[data-conn]").get_by_text("Not live").wait_for()
        assert page.locator("main[data-stale]").count() == 1
        page.context.set_offline(False)
        page.locator("[data-conn]").get_by_text("Live", exact=True).wait_for()
        page.get_by_text("100 % green").wait_for()
        world.ci.wait("releases/1.1.0/", lambda shown: shown["state"] == "monitoring")
        page.get_by_text("Way back open for").wait_for()
    assert set(visitors.statuses) == {200}, visitors.statuses
    seen = [int(line.get_attribute("data-seq")) for line in page.locator("#log-list li").all()]
    assert seen == sorted(set(seen))


def test_person_at_a_phone_rolls_back_by_touch(browser: Browser, world: World) -> None:
    with Visitors(live(world)["addresses"]["patient-web"]) as visitors:
        page = browser.log_in("iris", **PHONE)
        page.goto(f"{browser.portal}/releases/1.1.0/")
        page.get_by_role("link", name="Open the deployment").tap()
        abort = page.locator("#act-abort")
        box = abort.bounding_box()
        assert box is not None
        assert 0 < box["y"] < 844 - 44, "the way back is in reach of the thumb"
        assert box["height"] >= 44
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        abort.tap()
        page.locator("dialog[open]").get_by_text("goes to blue 1.0.0 at once").wait_for()
        browser.end_session(page)
        page.locator("dialog[open]").get_by_role("button", name="Roll back now").tap()
        browser.give_password(page, "iris")
        page.get_by_text("goes to blue 1.0.0 at once").wait_for()
        began = time.monotonic()
        page.get_by_role("button", name="Roll back now").tap()
        page.locator("h1").get_by_text("1.1.0 was rolled back").wait_for()
        assert time.monotonic() - began < 30
    assert set(visitors.statuses) == {200}, visitors.statuses
    world.ci.wait("releases/1.1.0/", lambda shown: shown["state"] == "rolled_back")
    assert live(world)["release"] == "1.0.0"
    assert browser.complaints == []
