"""Fixtures for every room. The servers behind them come from `tests/services.py`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests import once

HERE = Path(__file__).parent
pytest_plugins = ["tests.order", "tests.emptying", "tests.frugal", "tests.remembered"] + [
    f"tests.{room}.{name}"
    for room, name in (("accounts", "fixtures"), ("platforms", "agent_fixture"), ("releases", "begin"))
    if (HERE / room / f"{name}.py").exists()
]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Give this process a database of its own, also on a PostgreSQL that others test on: a copy."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with django_db_blocker.unblock():
        own = {"NAME": f"test_portal_{os.getpid()}_{worker}", "TEMPLATE": once.tables()}
    settings.DATABASES["default"].setdefault("TEST", {}).update(own)


@pytest.fixture(autouse=True)
def _own_cache() -> None:
    """Sessions, rate limits, cached answers and what was read for all readers never reach the next test.

    A name of its own, because emptying the server would log out the tests beside this one.
    """
    from django.core.cache import cache, caches

    from events import recent

    recent.forget_all()

    prefix = f"test-{uuid4().hex}"
    caches.settings["default"]["KEY_PREFIX"] = prefix
    cache.key_prefix = prefix


@pytest.fixture(scope="session", autouse=True)
def _own_signing_key(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A real key in a file of this run alone, as `prepare` makes it."""
    from events import keys

    settings.PORTAL_KEY_SETTINGS = {"folder": str(tmp_path_factory.mktemp("keys"))}
    keys.keeper().ensure(datetime(2020, 1, 1, tzinfo=UTC))
