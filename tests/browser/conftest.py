"""The site and the browser, once for each file of this folder; skipped where there is no chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from tests.browser.site import EMPTY, STORY, Site, drop_stories, open_site
from tests.browser.visits import Visitor, open_visitor


@pytest.fixture(scope="session")
def _stories(django_db_blocker: Any) -> Iterator[None]:
    """What the sites are copies of lives as long as this process tests; their processes know its key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTAL_KEY_FOLDER", settings.PORTAL_KEY_SETTINGS["folder"])
        yield
    with django_db_blocker.unblock():
        drop_stories()


@pytest.fixture(scope="module")
def _database(_stories: None, django_db_blocker: Any) -> Iterator[None]:
    """Models may be used all the time: the databases here are ours alone."""
    with django_db_blocker.unblock():
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
