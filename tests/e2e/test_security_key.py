"""A security key in a real browser: Chromium's virtual authenticator does the whole WebAuthn ceremony."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hmhp_portal.launcher.installation import Installation
from tests.e2e import own_platform
from tests.e2e.browser import PASSWORD, Browser, open_browser
from tests.portal_process import PortalProcess, start_portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ONE_PASSWORD = (
    "from accounts.models import User\n"
    "iris = User.objects.get(username='iris')\n"
    f"iris.set_password({PASSWORD!r}); iris.save()\n"
)
AGED = (
    "from accounts.sessions import SessionStore\n"
    "s = SessionStore({key!r})\n"
    "methods = s['account_authentication_methods']\n"
    "s['account_authentication_methods'] = [m | dict(at=m['at'] - 600) for m in methods]; s.save()\n"
)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    folder = tmp_path_factory.mktemp("key")
    data = folder / "data"
    with start_portal(data, "--platform", str(own_platform.lay_out(folder))) as started:
        started.command("shell", "-c", ONE_PASSWORD)
        yield started
    Installation(data).clear()


@pytest.fixture(scope="module")
def browser(portal: PortalProcess) -> Iterator[Browser]:
    with open_browser(portal.url, {}) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(browser: Browser) -> Any:
    """Iris at a desk with a key in the slot, logged in by password alone: she has no factor yet."""
    page = browser.log_in("iris")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return page


def test_key_is_added_and_the_recovery_codes_are_shown(page: Any, browser: Browser) -> None:
    page.goto(f"{browser.portal}/account/factors/keys/add/")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Desk key")
    page.get_by_role("button", name="Add the key").click()
    page.get_by_role("heading", name="10 recovery codes left").wait_for()
    page.goto(f"{browser.portal}/account/factors/")
    page.get_by_text("Desk key").first.wait_for()
    assert browser.complaints == []


def test_key_opens_the_portal_after_the_password(page: Any, browser: Browser) -> None:
    page.context.clear_cookies()
    page.goto(f"{browser.portal}/account/login/")
    browser.give_password(page, "iris")
    page.get_by_role("button", name="Use your security key").click()
    page.wait_for_url(f"{browser.portal}/")
    assert browser.complaints == []


def test_key_is_asked_for_again_in_the_middle_of_an_act(
    page: Any, browser: Browser, portal: PortalProcess
) -> None:
    key = next(c["value"] for c in page.context.cookies() if c["name"] == "hmhp_session")
    portal.command("shell", "-c", AGED.format(key=key))
    page.goto(f"{browser.portal}/account/tokens/")
    page.locator("input[name=name]").first.fill("signs by script")
    page.locator("input[name=scopes][value=sign]").check()
    page.get_by_role("button", name="Make the token").first.click()
    page.get_by_text("To make a token that signs").wait_for()
    page.get_by_role("button", name="Use your security key").click()
    page.get_by_text("hmhp_").first.wait_for()
    assert browser.complaints == []
