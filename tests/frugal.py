"""What every test would pay for again, and none checks: paid once a process.

Every test client loads the middleware anew, and with it WhiteNoise reads all static files; Python's collector
walks all that was imported and collected again and again. Both together took a fifth of their time.
"""

from __future__ import annotations

import gc

import pytest
from _pytest.unraisableexception import gc_collect_iterations_key
from django.conf import settings
from django.test.client import ClientHandler

CHAIN = ("_view_middleware", "_template_response_middleware", "_exception_middleware", "_middleware_chain")


def pytest_configure(config: pytest.Config) -> None:
    """At the end what nobody holds is looked for once, not five times: each takes half a second."""
    config.stash[gc_collect_iterations_key] = 1


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: leave them out of every collection, and collect seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)


@pytest.fixture(scope="session", autouse=True)
def _one_chain_of_middleware() -> None:
    """Clients share what the settings name, as requests of a portal do; under other settings they load it."""
    load = ClientHandler.load_middleware
    ordinary, made = settings._wrapped, {}

    def share(handler: ClientHandler, is_async: bool = False) -> None:
        if settings._wrapped is not ordinary:
            load(handler, is_async)
            return
        if is_async not in made:
            first = ClientHandler()
            load(first, is_async)
            made[is_async] = {name: getattr(first, name) for name in CHAIN}
        vars(handler).update(made[is_async])

    ClientHandler.load_middleware = share  # type: ignore[method-assign]
