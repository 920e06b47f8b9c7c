"""Pages in a real browser as a person who is logged in, and everything that the browser complains about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.browser.site import Site
from tests.e2e.browser import CHROMIUM

WATCH_POLICY = """addEventListener("securitypolicyviolation", (event) => {
  const { effectiveDirective, blockedURI, sample } = event;
  console.error(`Content-Security-Policy: ${effectiveDirective} refused ${blockedURI} ${sample}`);
});"""


class Visitor:
    """One chromium. `complaints` are violations of the Content-Security-Policy and every console error.

    `scripts` run in every page before its own.
    """

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._pages: dict[tuple[str, str], Any] = {}
        self.complaints: list[str] = []
        self.scripts = [WATCH_POLICY]

    def page(self, site: Site, name: str = "") -> Any:
        """The page of somebody ("" is nobody) on that site, kept from visit to visit."""
        key = (site.portal, name)
        if key not in self._pages:
            self._pages[key] = self.fresh(site, name)
        return self._pages[key]

    def fresh(self, site: Site, name: str = "", **how: Any) -> Any:
        """A page of a context of its own."""
        context = self._chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | how))
        for script in self.scripts:
            context.add_init_script(script)
        if name:
            self.log_in(site, name, context)
        return self.tab(context)

    def log_in(self, site: Site, name: str, context: Any) -> None:
        """Give a context the session of somebody."""
        context.add_cookies([{"name": "hmhp_session", "value": site.session(name), "url": site.portal}])

    def tab(self, context: Any) -> Any:
        """One more page of a context."""
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: self._heard(page, message))
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def leave(self, site: Site, name: str) -> None:
        """Close somebody's page: an open one goes on listening and asking."""
        if page := self._pages.pop((site.portal, name), None):
            page.context.close()

    def visit(self, site: Site, path: str, name: str = "") -> Any:
        """Open that path as that person; returns the page, loaded and alive."""
        page = self.page(site, name)
        answer = page.goto(f"{site.portal}{path}")
        assert answer.status < 500, f"{path}: {answer.status}"
        page.locator("h1").first.wait_for()
        assert not name or "/account/login/" not in page.url, f"{name} is not logged in"
        return page

    def _heard(self, page: Any, message: Any) -> None:
        if message.type == "error" or "Content-Security-Policy" in message.text:
            self.complaints.append(f"{page.url}: {message.text}")


@contextmanager
def open_visitor() -> Iterator[Visitor]:
    """A browser, ended with the block; skips where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine; .ci/run installs Debian's")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            yield Visitor(chromium)
        finally:
            chromium.close()
