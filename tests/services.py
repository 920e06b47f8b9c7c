"""PostgreSQL and Valkey for one run of pytest; loaded before Django's settings (`-p tests.services`).

Every run owns its servers: started on first need, on sockets in a folder of their own, ended with the
run whatever ends it. So several people's runs never meet. The workers of pytest-xdist use the servers
of the run that made them, each with a database of its own. With DATABASE_URL and REDIS_URL set,
those are used instead (the database `test_…` is made there).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hmhp_portal.embedded.child import end_with_parent, run_as, unprivileged_account
from hmhp_portal.embedded.postgres import EmbeddedPostgres, PostgresPlace, wheel_installation
from hmhp_portal.embedded.valkey import EmbeddedValkey

_OWN = "PORTAL_TEST_SERVICES"


class OwnServices:
    """The two servers of this run and the folder they live in."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hmhp-test-"))
        self.folder.chmod(0o711)
        account = unprivileged_account()
        place = PostgresPlace(wheel_installation(), self.folder / "pg", self.folder / "s", account)
        self.postgres = EmbeddedPostgres(place, secrets.token_hex(16), secrets.token_hex(16), durable=False)
        self.valkey = EmbeddedValkey(
            self.folder / "kv", self.folder / "kv.sock", secrets.token_hex(16), durable=False
        )
        self._account = account
        self._children: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(self) -> None:
        """Make and start both, and wait until they answer."""
        self.postgres.make()
        self.postgres.prepare_socket_dir()
        self.valkey.make()
        self._run(self.postgres.command(), signal.SIGINT, run_as(self._account))
        self._run(self.valkey.command(), signal.SIGTERM, {})
        for probe in (self.postgres.ready, self.valkey.ready):
            self._wait(probe)

    def stop(self) -> None:
        """End both and remove every trace."""
        for child, stop_signal in self._children:
            child.send_signal(stop_signal)
        for child, _ in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str], stop_signal: signal.Signals, user: dict[str, object]) -> None:
        with (self.folder / f"{Path(command[0]).name}.log").open("wb") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                preexec_fn=end_with_parent(stop_signal),
                start_new_session=True,
                **user,
            )
        self._children.append((child, stop_signal))

    def _wait(self, probe: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not probe():
            if time.monotonic() > deadline:
                logs = "\n".join(file.read_text() for file in self.folder.glob("*.log"))
                raise pytest.UsageError(f"The embedded services did not start:\n{logs[-2000:]}")
            time.sleep(0.02)


_services: OwnServices | None = None


def _choose() -> None:
    """Name the servers in the environment before anything imports the settings."""
    global _services
    os.environ["PORTAL_MODE"] = "test"
    os.environ.setdefault("PORTAL_SECRET_KEY", secrets.token_urlsafe(48))
    if _OWN in os.environ or ("DATABASE_URL" in os.environ and "REDIS_URL" in os.environ):
        return
    _services = OwnServices()
    os.environ[_OWN] = str(_services.folder)
    os.environ["PORTAL_DATA_DIR"] = str(_services.folder / "data")
    os.environ["DATABASE_URL"] = _services.postgres.url()
    os.environ["PORTAL_TARGET_DATABASE_URL"] = _services.postgres.target_url()
    os.environ["REDIS_URL"] = _services.valkey.url()


_choose()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers, unless nothing will run or a parent run has."""
    if _services is not None and not session.config.option.collectonly:
        _services.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of this run."""
    if _services is not None:
        _services.stop()
