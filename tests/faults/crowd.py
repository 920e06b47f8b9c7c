"""More than one of each beside a running portal: a second web process, two workers, a beat by mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hmhp_portal.embedded.child import end_with_parent
from tests.faults.caller import PatientCaller
from tests.notifications.mail_server import free_port
from tests.portal_process import ROOT, clean_environment

if TYPE_CHECKING:
    import signal

    from tests.faults.storm import Site

CELERY = [sys.executable, "-m", "celery", "--skip-checks", "-A"]
WORKER = [
    *CELERY,
    "hmhp_portal.celery",
    "worker",
    "--pool",
    "threads",
    "--without-gossip",
    "--without-mingle",
]


@contextmanager
def more_of_each(site: Site) -> Iterator[None]:
    """For the length of the block; every second caller talks to the second web process."""
    import signal

    port = free_port()
    commands = [
        [sys.executable, "-m", "hmhp_portal.web", "--port", str(port)],
        [*WORKER, "-c", "4", "-Q", "engine,celery,mail", "-n", "second@%h"],
        [*WORKER, "-c", "4", "-Q", "engine,celery,mail,control", "-n", "third@%h"],
        [*CELERY, "hmhp_portal.beat", "beat", "--pidfile=", "-s", str(site.folder / "second-beat")],
    ]
    children = [_start(site, command, signal.SIGKILL) for command in commands]
    try:
        for name in sorted(site.callers)[::2]:
            site.callers[name] = PatientCaller(
                f"http://localhost:{port}", site.callers[name].token, site.callers[name].app
            )
        yield
    finally:
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


def _start(site: Site, command: list[str], death: signal.Signals) -> subprocess.Popen[bytes]:
    own = json.loads((site.data / "environment.json").read_text())
    with (site.folder / "crowd.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment() | own | site.mail | {"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent(death),
        )
