"""People in front of a real browser: one context each, with everything that the browser complains about.

Debian's chromium, its headless shell first; where there is none the tests are skipped with that reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.authenticator import App

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is here is taken: the shell is the same engine without windows, and costs a third less."""
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
PASSWORD = "slack-water-and-tide"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1440, "height": 1000}}


class Browser:
    """One chromium; `complaints` are violations of the Content-Security-Policy and errors of scripts."""

    def __init__(self, chromium: Any, portal: str, apps: Mapping[str, App]) -> None:
        self._chromium = chromium
        self.portal = portal
        self._apps = apps
        self.complaints: list[str] = []
        self._pages: dict[str, Any] = {}

    def log_in(self, name: str, **how: Any) -> Any:
        """A page of a new context, logged in as `name`."""
        # Nobody here looks at motion, and drawing it costs more than all the rest.
        page = self._chromium.new_context(**(DESK | {"reduced_motion": "reduce"} | how)).new_page()
        page.set_default_timeout(60_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.goto(f"{self.portal}/account/login/")
        self.give_password(page, name)
        page.wait_for_url(f"{self.portal}/")
        return page

    def give_password(self, page: Any, name: str) -> None:
        """Fill in the login that the page shows, and the second factor."""
        page.fill("input[name=login]", name)
        page.fill("input[name=password]", PASSWORD)
        page.get_by_role("button", name="Log in").click()
        if name in self._apps:
            page.get_by_label("Six digits").fill(self._apps[name].code())
            page.get_by_role("button", name="Continue").click()

    def end_session(self, page: Any) -> None:
        """As if the idle time were over: the browser's session is no longer known."""
        page.context.clear_cookies(name="hmhp_session")

    def person(self, name: str) -> Any:
        """The page of somebody at a desk, logged in once."""
        if name not in self._pages:
            self._pages[name] = self.log_in(name)
        return self._pages[name]

    def leave(self, name: str) -> None:
        """Close somebody's page: an open one goes on listening and asking."""
        self._pages.pop(name).context.close()

    def _heard(self, message: Any) -> None:
        if "Content Security Policy" in message.text or message.text.startswith("Uncaught"):
            self.complaints.append(message.text)


@contextmanager
def open_browser(portal: str, apps: Mapping[str, App]) -> Iterator[Browser]:
    """A browser for the portal at this address; `apps` are people's authenticator apps."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine; .ci/run installs Debian's")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            yield Browser(chromium, portal, apps)
        finally:
            chromium.close()
