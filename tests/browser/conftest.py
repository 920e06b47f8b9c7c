"""The site and the browser, once for each file of this folder; skipped where there is no chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from tests.browser.site import EMPTY, STORY, Site, open_site, story_keys
from tests.browser.visits import Visitor, open_visitor


@pytest.fixture(scope="module")
def _database(django_db_blocker: Any) -> Iterator[None]:
    """Models may be used all the time: the databases here are ours alone. What is signed is signed by one
    key, which the web processes know too."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        folder = str(story_keys())
        patch.setattr(settings, "PORTAL_KEY_SETTINGS", {"folder": folder})
        patch.setenv("PORTAL_KEY_FOLDER", folder)
        yield


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    """A browser; ended with its file, since its event loop would bar later tests from their database."""
    with open_visitor() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(visitor: Visitor, _database: None) -> Iterator[Site]:
    """The story, served."""
    with open_site(STORY) as opened:
        yield opened


@pytest.fixture(scope="module")
def empty_site(visitor: Visitor, _database: None) -> Iterator[Site]:
    """A portal on its first day, served."""
    with open_site(EMPTY) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_complaints(visitor: Visitor) -> None:
    """What the browser said in another test is that test's."""
    visitor.complaints.clear()
