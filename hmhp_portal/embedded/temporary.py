"""PostgreSQL and Valkey for the length of one run of tests or of a benchmark, in a folder of their own.

Nothing is kept and nothing waits for the disk. They end with the process that started them, whatever
ends it; what a killed one left behind is removed by the next. Nothing here touches an installation.
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

from hmhp_portal.embedded.child import end_with_parent, run_as, unprivileged_account
from hmhp_portal.embedded.postgres import EmbeddedError, EmbeddedPostgres, PostgresPlace, wheel_installation
from hmhp_portal.embedded.valkey import EmbeddedValkey

START_SECONDS = 60.0


class TemporaryServices:
    """The servers of this process and the folder they live in; PostgreSQL only where it is wanted."""

    def __init__(self, name: str, *, with_postgres: bool = True) -> None:
        _remove_what_killed_runs_left(name)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-"))
        self.folder.chmod(0o711)
        self._account = unprivileged_account()
        self.postgres = self._new_postgres() if with_postgres else None
        kv = self.folder / "kv"
        self.valkey = EmbeddedValkey(kv, self.folder / "kv.sock", secrets.token_hex(16), durable=False)
        self._children: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(self) -> None:
        """Make and start them, and wait until they answer. Raises EmbeddedError where they do not."""
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
        deadline = time.monotonic() + START_SECONDS
        while not probe():
            if time.monotonic() > deadline:
                logs = "\n".join(file.read_text() for file in self.folder.glob("*.log"))
                raise EmbeddedError(f"The temporary services did not start:\n{logs[-2000:]}")
            time.sleep(0.02)


def _remove_what_killed_runs_left(name: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{name}-*"):
        maker = folder.name.removeprefix(f"{name}-").split("-")[0]
        if maker.isdigit() and not Path(f"/proc/{maker}").exists():
            shutil.rmtree(folder, ignore_errors=True)
