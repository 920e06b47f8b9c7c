"""PostgreSQL and Valkey for one run of pytest; loaded before Django's settings (`-p tests.services`).

Every run owns its servers: started on first need, on sockets in a folder of their own, ended with the
run whatever ends it, so that several people's runs never meet. Each worker of pytest-xdist makes a
database of its own in the run's PostgreSQL, and has a Valkey of its own: emptying the cache for one
test must not end the sessions of another. With DATABASE_URL and REDIS_URL set, those are used instead.
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
from typing import Any

import pytest

from hmhp_portal.embedded.child import end_with_parent, run_as, unprivileged_account
from hmhp_portal.embedded.postgres import EmbeddedPostgres, PostgresPlace, wheel_installation
from hmhp_portal.embedded.valkey import EmbeddedValkey


class OwnServices:
    """The servers of this process and the folder they live in; a worker has no PostgreSQL."""

    def __init__(self, with_postgres: bool) -> None:
        _remove_what_killed_runs_left()
        self.folder = Path(tempfile.mkdtemp(prefix=f"hmhp-test-{os.getpid()}-"))
        self.folder.chmod(0o711)
        self._account = unprivileged_account()
        self.postgres = self._new_postgres() if with_postgres else None
        kv = self.folder / "kv"
        self.valkey = EmbeddedValkey(kv, self.folder / "kv.sock", secrets.token_hex(16), durable=False)
        self._children: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(self) -> None:
        """Make and start them, and wait until they answer."""
        if self.postgres is not None:
            self.postgres.make()
            self.postgres.prepare_socket_dir()
            self._run(self.postgres.command(), signal.SIGINT, run_as(self._account))
        self.valkey.make()
        self._run(self.valkey.command(), signal.SIGTERM, {})
        self._wait(self.valkey.ready)
        if self.postgres is not None:
            self._wait(self.postgres.ready)

    def stop(self) -> None:
        """End them and remove every trace."""
        for child, stop_signal in self._children:
            child.send_signal(stop_signal)
        for child, _ in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _new_postgres(self) -> EmbeddedPostgres:
        place = PostgresPlace(wheel_installation(), self.folder / "pg", self.folder / "s", self._account)
        return EmbeddedPostgres(place, secrets.token_hex(16), secrets.token_hex(16), durable=False)

    def _run(self, command: list[str], stop_signal: signal.Signals, user: dict[str, Any]) -> None:
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
        deadline = time.monotonic() + 60
        while not probe():
            if time.monotonic() > deadline:
                logs = "\n".join(file.read_text() for file in self.folder.glob("*.log"))
                raise pytest.UsageError(f"The embedded services did not start:\n{logs[-2000:]}")
            time.sleep(0.02)


def _remove_what_killed_runs_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob("hmhp-test-*"):
        maker = folder.name.split("-")[2]
        if maker.isdigit() and not Path(f"/proc/{maker}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _choose() -> OwnServices | None:
    """Name the servers in the environment before anything imports the settings."""
    os.environ["PORTAL_MODE"] = "test"
    os.environ.setdefault("PORTAL_SECRET_KEY", secrets.token_urlsafe(48))
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    given = "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ
    if given and not is_worker:
        return None
    services = OwnServices(with_postgres=not is_worker)
    os.environ["REDIS_URL"] = services.valkey.url()
    os.environ["PORTAL_DATA_DIR"] = str(services.folder / "data")
    if services.postgres is not None:
        os.environ["DATABASE_URL"] = services.postgres.url()
        os.environ["PORTAL_TARGET_DATABASE_URL"] = services.postgres.target_url()
    return services


_services = _choose()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers, unless nothing will run."""
    if _services is not None and not session.config.option.collectonly:
        _services.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of this process."""
    if _services is not None:
        _services.stop()
