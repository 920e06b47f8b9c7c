"""PostgreSQL and Valkey for one run of pytest; loaded before Django's settings (`-p tests.services`).

Every run owns its servers: started on first need, on sockets in a folder of their own, ended with the
run whatever ends it, so that several people's runs never meet. Each worker of pytest-xdist makes a
database of its own in the run's PostgreSQL, a copy of one (tests/once.py), and has a Valkey of its own:
emptying the cache for one test must not end the sessions of another. With DATABASE_URL and REDIS_URL set,
those are used instead.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest

from hmhp_portal.embedded.temporary import TemporaryServices
from tests import once


def _choose() -> TemporaryServices | None:
    """Name the servers in the environment before anything imports the settings."""
    os.environ["PORTAL_MODE"] = "test"
    os.environ.setdefault("PORTAL_SECRET_KEY", secrets.token_urlsafe(48))
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    given = "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ
    if given and not is_worker:
        return None
    services = TemporaryServices("hmhp-test", with_postgres=not is_worker)
    os.environ["REDIS_URL"] = services.valkey.url()
    os.environ["PORTAL_DATA_DIR"] = str(services.folder / "data")
    if services.postgres is not None:
        os.environ["DATABASE_URL"] = services.postgres.url()
        os.environ["PORTAL_TARGET_DATABASE_URL"] = services.postgres.target_url()
    return services


def _choose_run() -> Path | None:
    """Name the folder that the processes of this run share; the first of them makes it and removes it."""
    if once.RUN in os.environ:
        return None
    # What a killed run leaves is known by its process, and removed by the next (embedded/temporary.py).
    folder = Path(tempfile.mkdtemp(prefix=f"hmhp-test-{os.getpid()}-run-"))
    folder.chmod(0o711)
    os.environ[once.RUN] = str(folder)
    return folder


_services = _choose()
_run = _choose_run()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers, unless nothing will run."""
    if _services is not None and not session.config.option.collectonly:
        _services.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of this process, and what the run shared."""
    if _run is not None and _services is None:
        once.drop_databases()
    if _services is not None:
        _services.stop()
    if _run is not None:
        shutil.rmtree(_run, ignore_errors=True)
